//! The port of the card's text: who reads what is printed on a straightened card. Its adapter is `infra/face`. Not here:
//! how a card is straightened, and what follows from what was read ([`crate::ktp`]).

use async_trait::async_trait;

use super::{FaceModel, FaceModelFault, Picture};
use crate::ktp::CardText;

/// Reads cards. What the API is given.
#[async_trait]
pub trait TextReader: Send + Sync {
    /// Which model does it.
    fn model(&self) -> &FaceModel;

    /// What is printed on a card that lies straight and fills its picture, 1024 × 646 as the analyser makes it. Fields that
    /// cannot be read are left out, so a picture of no card is an empty reading. The same picture gives the same reading
    /// on one machine.
    ///
    /// # Errors
    /// About this machine at this moment, and no word about the card.
    async fn read(&self, card: Picture) -> Result<CardText, TextReaderError>;
}

/// Why a card was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextReaderError {
    /// As many cards as may wait are waiting.
    #[error("as many cards as may wait are waiting to be read")]
    Full,
    /// Reading it broke off. Only this card is lost by it.
    #[error("reading the card broke off")]
    Broken,
    /// The model failed.
    #[error(transparent)]
    Model(#[from] FaceModelFault),
}
