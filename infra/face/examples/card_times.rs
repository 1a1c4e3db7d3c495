//! How long reading a straightened card takes, on one thread: `cargo run --release -p face --example card_times`, with
//! the models of `cargo xtask models`. Cards are those of the tests. Not here: what is read of them.

#[path = "../tests/cards/drawing.rs"]
mod drawing;

use std::path::Path;
use std::time::Instant;

use domain::ktp::KtpField;
use face::FaceModels;

use drawing::{USUAL, card, people};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/models");
    let models = FaceModels::load(&folder).expect("what cargo xtask models fetched");
    let mut times = Vec::new();
    for person in people() {
        let card = card(&person, USUAL);
        let best = (0..3).map(|_| {
            let begun = Instant::now();
            let text = models.read_card(&card).expect("the model runs");
            assert!(text.get(KtpField::Nik) == Some(person.says(KtpField::Nik)), "the NIK is read");
            begun.elapsed().as_secs_f64() * 1_000.0
        });
        times.push(best.fold(f64::INFINITY, f64::min));
    }
    times.sort_by(f64::total_cmp);
    println!(
        "ten cards, each the best of three: {:.0} to {:.0} ms, median {:.0} ms",
        times[0], times[9], times[5]
    );
}
