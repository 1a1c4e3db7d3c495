//! Captured cards: from the frames that a phone took to numbers, and from numbers to votes (sequence §2.3, §3.1;
//! `docs/decisions/0028-capture-analysis.md`). Pixels are looked at once; what was measured is kept, and every vote can be
//! worked out from it again. The numbers that only meant something for a card are in this crate, the light's arithmetic
//! (`flash`) takes its regions and thresholds from outside.
//!
//! What does not belong here: what the votes come to (`domain::capture`), reading the card's text, sealing, and how pictures
//! are decoded (`picture-decode`).

mod analysis;
mod card_search;
mod chroma;
mod crops;
mod edges;
mod features;
mod flash;
mod fourier;
mod limits;
mod pool;
mod quad;
mod quality;
mod raster;
mod recapture;
mod straighten;
mod votes;

#[cfg(test)]
mod drawn;

pub use analysis::{ENGINE, analyse};
pub use picture_pool::PoolPriority;
pub use pool::CardAnalyserPool;
pub use votes::{CardVotes, findings_of};
