//! Every bound of this crate, with its reason.

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
