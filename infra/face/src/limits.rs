//! Every bound of this crate, with its reason.

/// Pixels of a photo that is decoded: 16 × 2²⁰, which a phone's 12 or 16 megapixels fit. The decoded picture is three
/// bytes of each, 48 MiB.
pub(crate) const PICTURE_PIXELS_MAX: usize = 16 * 1024 * 1024;

/// What decoding one picture may hold at once: the pixels, a PNG's alpha beside them, the coefficients of a JPEG that
/// brings them in several scans. 16 × 2²⁰ pixels of four bytes.
pub(crate) const PICTURE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Scans of a JPEG: cameras and libjpeg write about ten. Each may cost a walk over every block, which is the cheapest
/// way to make a small file dear. With [`PICTURE_BYTES_MAX`] it bounds the time: half a million blocks, 32 times.
pub(crate) const JPEG_SCANS_MAX: usize = 32;

/// Entries of an EXIF directory that are looked through for the orientation: cameras write a dozen.
pub(crate) const EXIF_ENTRIES_MAX: usize = 256;

/// A manifest: ours are 2 KiB.
pub(crate) const MANIFEST_BYTES_MAX: u64 = 64 * 1024;

/// Manifests in a folder of models: a detector, the embedder in use, and those before it while their vectors serve.
pub(crate) const MANIFESTS_MAX: usize = 16;

/// A model file; ours are 11 MB, the largest embedders in use 250 MB.
pub(crate) const MODEL_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Weights made by folding: 128 Mi floats, half a gigabyte.
pub(crate) const FOLDED_NUMBERS_MAX: usize = 128 * 1024 * 1024;

/// Numbers of a model's input or output: 16 times a detector's 3 × 640 × 640.
pub(crate) const TENSOR_NUMBERS_MAX: usize = 16 * 3 * 640 * 640;

/// Numbers of a face vector; 512 is common.
pub(crate) const VECTOR_NUMBERS_MAX: usize = 4096;

/// Candidates that are compared with each other: above it the picture is noise, and comparing is quadratic.
pub(crate) const CANDIDATES_MAX: usize = 512;

/// Faces of one picture; those beyond the largest two only count as "several".
pub(crate) const FACES_MAX: usize = 64;

/// Threads that read photos.
pub(crate) const THREADS_MAX: usize = 64;

/// Photos that may wait: a full queue of the largest bodies is what a byte budget of 64 MiB admits.
pub(crate) const QUEUE_MAX: usize = 1024;

/// The height of a line of text that a recogniser is fed: 32 and 48 are common. Below it letters are no letters.
pub(crate) const TEXT_HEIGHT_MIN: usize = 16;

/// Above it a line of a card is made larger than anybody's model wants it.
pub(crate) const TEXT_HEIGHT_MAX: usize = 128;

/// Classes of a recogniser: one of all scripts has some 20,000.
pub(crate) const TEXT_CLASSES_MAX: usize = 65_536;

/// Lines of text that are looked for on a card; a KTP has 16. A picture of more is a page or noise.
pub(crate) const TEXT_LINES_MAX: usize = 24;

/// Pieces of lines that the recogniser is run on for one card: each costs some 40 ms, and a crafted card shall cost no
/// more than twice an ordinary one.
pub(crate) const TEXT_CROPS_MAX: usize = 32;
