//! The real text reader on drawn cards: which fields it reads, through which damage, and that what is no card has none.
//! The model is what `cargo xtask models` fetched; without it this program says that it did not run, and fails where
//! `CI` is set. The figures stand in `docs/face.md`.

#[path = "cards/drawing.rs"]
mod drawing;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use domain::ktp::{CardText, KtpField, folded};
use domain::ports::{Picture, TextReader as _, TextReaderError};
use face::{FaceModels, OnnxTextReader};

use drawing::{HEIGHT, Layout, Person, USUAL, WIDTH, card, people};
use testkit::pictures::{blurred, grey, resized, turned};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/models")
}

static MODELS: LazyLock<Arc<FaceModels>> = LazyLock::new(|| {
    if !folder().join("ppocr.toml").exists() {
        let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
        assert!(
            !in_ci,
            "the tests on cards cannot run: target/models has no text reader, cargo xtask models brings it"
        );
        // Past the test harness, which would keep it to itself and knows no case that was left out.
        let remark = "NOT RUN HERE: the tests on cards. target/models has no text reader: cargo xtask models brings it\n";
        std::io::stderr().write_all(remark.as_bytes()).expect("stderr");
        std::process::exit(0);
    }
    Arc::new(FaceModels::load(&folder()).expect("what xtask fetched"))
});

fn read(card: &Picture) -> CardText {
    MODELS.read_card(card).expect("the model runs")
}

/// Fields whose text is what was drawn, spaces and marks apart; the others are printed.
fn right(person: &Person, text: &CardText, what: &str) -> Vec<KtpField> {
    let is_right = |field: &KtpField| {
        let (drawn, read) = (person.says(*field), text.get(*field).unwrap_or_default());
        let same = folded(drawn) == folded(read);
        if !same {
            println!("{what}: {} is {read:?}, drawn {drawn:?}", field.as_str());
        }
        same
    };
    KtpField::ALL.into_iter().filter(is_right).collect()
}

/// So many cards in one way: how many NIKs, names and fields are right.
fn some(cards: usize, what: &str, layout: Layout, damage: impl Fn(&Picture) -> Picture) -> [usize; 3] {
    let mut counts = [0; 3];
    for (at, person) in people().iter().take(cards).enumerate() {
        let text = read(&damage(&card(person, layout)));
        let right = right(person, &text, &format!("{what}, card {at}"));
        counts[0] += usize::from(right.contains(&KtpField::Nik));
        counts[1] += usize::from(right.contains(&KtpField::FullName));
        counts[2] += right.len();
    }
    let [niks, names, fields] = counts;
    let all = cards * KtpField::ALL.len();
    println!("{what}: NIK {niks}, name {names} of {cards}; fields {fields} of {all}");
    counts
}

/// Grains of light and dark, the same each time.
fn noisy(picture: &Picture, amount: i32) -> Picture {
    let mut state = 88_172_645_463_325_252_u64;
    let mut grain = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % 1_000) as i32 * 2 * amount / 1_000 - amount
    };
    let rgb = picture.rgb().iter().map(|value| (i32::from(*value) + grain()).clamp(0, 255) as u8).collect();
    Picture::new(picture.width(), picture.height(), rgb).expect("as large as it was")
}

fn darker(picture: &Picture) -> Picture {
    let rgb = picture.rgb().iter().map(|value| value / 2).collect();
    Picture::new(picture.width(), picture.height(), rgb).expect("as large as it was")
}

/// Turned a little, and as large as before.
fn askew(picture: &Picture, degrees: f32) -> Picture {
    let turned = turned(picture, degrees);
    let (left, top) = ((turned.width() - WIDTH) / 2, (turned.height() - HEIGHT) / 2);
    let row = |y: usize| {
        let from = ((top + y) * turned.width() + left) * 3;
        turned.rgb()[from..from + WIDTH * 3].to_vec()
    };
    Picture::new(WIDTH, HEIGHT, (0..HEIGHT).flat_map(row).collect()).expect("a card")
}

#[test]
fn every_field_of_ten_cards() {
    let [niks, names, fields] = some(10, "as drawn", USUAL, Clone::clone);
    assert!(niks == 10 && names == 10 && fields >= 160, "{niks} {names} {fields}");
}

#[test]
fn other_layouts_are_read_too() {
    for (what, layout) in [
        ("small letters", Layout { size: 22.0, ..USUAL }),
        ("large letters", Layout { size: 29.0, ..USUAL }),
        ("one font", Layout { mono_nik: false, ..USUAL }),
        ("colons behind their labels", Layout { colons_in_column: false, ..USUAL }),
    ] {
        let [niks, names, fields] = some(4, what, layout, Clone::clone);
        assert!(niks == 4 && names == 4 && fields >= 62, "{what}: {niks} {names} {fields}");
    }
}

#[test]
fn damage_that_leaves_letters_leaves_the_reading() {
    type Damage = fn(&Picture) -> Picture;
    let cases: [(&str, Damage); 6] = [
        ("blur 1.2", |card| blurred(card, 1.2)),
        ("noise 20", |card| noisy(card, 20)),
        ("half as bright, noise 10", |card| noisy(&darker(card), 10)),
        ("grey", grey),
        ("as from 700 pixels", |card| resized(&resized(card, 700, 442), WIDTH, HEIGHT)),
        ("askew by 0.4 degrees", |card| askew(card, 0.4)),
    ];
    for (what, damage) in cases {
        let [niks, names, fields] = some(4, what, USUAL, damage);
        assert!(niks == 4 && names >= 3 && fields >= 60, "{what}: {niks} {names} {fields}");
    }
}

#[test]
fn what_is_no_card_says_nothing() {
    let flat = Picture::new(WIDTH, HEIGHT, vec![200; WIDTH * HEIGHT * 3]).expect("a picture");
    let stripes = (0..WIDTH * HEIGHT * 3).map(|at| if at / 3 / WIDTH % 40 < 20 { 30 } else { 220 }).collect();
    let stripes = Picture::new(WIDTH, HEIGHT, stripes).expect("a picture");
    let small = Picture::new(1, 1, vec![0; 3]).expect("a picture");
    let noise = noisy(&flat, 120);
    for (what, picture) in [("flat", flat), ("stripes", stripes), ("a pixel", small), ("noise", noise)] {
        assert!(read(&picture).is_empty(), "{what}");
    }
    let whole = card(&people()[0], USUAL);
    assert!(read(&turned(&whole, 180.0)).nik().is_none(), "upside down");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_reads_as_many_as_may_wait() {
    let reader = OnnxTextReader::start(Arc::clone(&MODELS), 1, 1).expect("threads").expect("a text reader");
    assert_eq!(reader.model().licence, "Apache-2.0");
    let reader = Arc::new(reader);
    let whole = card(&people()[0], USUAL);
    let reads: Vec<_> = (0..8)
        .map(|_| {
            let (reader, whole) = (Arc::clone(&reader), whole.clone());
            tokio::spawn(async move { reader.read(whole).await })
        })
        .collect();
    let (mut answered, mut full) = (0, 0);
    for read in reads {
        match read.await.expect("no panic") {
            Ok(text) => answered += usize::from(text.nik().is_some()),
            Err(TextReaderError::Full) => full += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(answered >= 1 && answered + full == 8, "{answered} {full}");
}
