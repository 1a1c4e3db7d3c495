//! An ONNX file before the runtime gets it: what it takes and gives, and weights that are stored block by block as 8
//! bits made into the floats they stand for. Field numbers are those of `onnx.proto3`. Not here: running it.
//!
//! Of the three runtimes that were compared none loads both of the shipped files as they are
//! (`docs/decisions/0020-face-runtime.md`), so a file is checked as shipped, and folded in memory.

mod fold;
mod tensor;
mod wire;

pub(crate) use fold::fold;

use wire::fields;

/// Why a file is no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Damaged(pub(crate) &'static str);

/// The message types' fields that are looked at.
mod number {
    pub(super) const MODEL_GRAPH: u64 = 7;
    pub(super) const MODEL_PROPERTY: u64 = 14;

    pub(super) const PROPERTY_KEY: u64 = 1;
    pub(super) const PROPERTY_VALUE: u64 = 2;

    pub(super) const GRAPH_NODE: u64 = 1;
    pub(super) const GRAPH_INITIALIZER: u64 = 5;
    pub(super) const GRAPH_INPUT: u64 = 11;
    pub(super) const GRAPH_OUTPUT: u64 = 12;
    pub(super) const GRAPH_VALUE_INFO: u64 = 13;

    pub(super) const NODE_INPUT: u64 = 1;
    pub(super) const NODE_OUTPUT: u64 = 2;
    pub(super) const NODE_OP_TYPE: u64 = 4;
    pub(super) const NODE_ATTRIBUTE: u64 = 5;

    pub(super) const ATTRIBUTE_NAME: u64 = 1;
    pub(super) const ATTRIBUTE_INTEGER: u64 = 3;

    pub(super) const TENSOR_DIMS: u64 = 1;
    pub(super) const TENSOR_DATA_TYPE: u64 = 2;
    pub(super) const TENSOR_FLOATS: u64 = 4;
    pub(super) const TENSOR_INT32: u64 = 5;
    pub(super) const TENSOR_INT64: u64 = 7;
    pub(super) const TENSOR_NAME: u64 = 8;
    pub(super) const TENSOR_RAW: u64 = 9;
    pub(super) const TENSOR_EXTERNAL: u64 = 14;

    pub(super) const VALUE_NAME: u64 = 1;
    pub(super) const VALUE_TYPE: u64 = 2;
    pub(super) const TYPE_TENSOR: u64 = 1;
    pub(super) const TENSOR_TYPE_SHAPE: u64 = 2;
    pub(super) const SHAPE_DIM: u64 = 1;
    pub(super) const DIM_VALUE: u64 = 1;
}

/// A name and the shape that goes with it; a side that the file leaves open is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
}

/// A folded model.
pub(crate) struct Folded {
    /// The rewritten file.
    pub(crate) bytes: Vec<u8>,
    /// What it must be given: inputs that nothing in the file fills and something in it uses.
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
}

/// A text that a model carries along under that key (`metadata_props`).
pub(crate) fn property(model: &[u8], key: &str) -> Result<Option<String>, Damaged> {
    for field in fields(model)?.into_iter().filter(|field| field.number == number::MODEL_PROPERTY) {
        let (mut own_key, mut value) = ("", "");
        for part in fields(field.bytes()?)? {
            match part.number {
                number::PROPERTY_KEY => own_key = part.text()?,
                number::PROPERTY_VALUE => value = part.text()?,
                _ => {}
            }
        }
        if own_key == key {
            return Ok(Some(value.to_owned()));
        }
    }
    Ok(None)
}

/// Reads a `ValueInfoProto`.
fn port(bytes: &[u8]) -> Result<Port, Damaged> {
    let (mut name, mut shape) = (String::new(), Vec::new());
    for field in fields(bytes)? {
        match field.number {
            number::VALUE_NAME => name = field.text()?.to_owned(),
            number::VALUE_TYPE => shape = tensor_shape(field.bytes()?)?,
            _ => {}
        }
    }
    Ok(Port { name, shape })
}

/// The sides of a `TypeProto` that is a tensor.
fn tensor_shape(bytes: &[u8]) -> Result<Vec<usize>, Damaged> {
    let mut shape = Vec::new();
    for tensor in fields(bytes)?.into_iter().filter(|field| field.number == number::TYPE_TENSOR) {
        for part in
            fields(tensor.bytes()?)?.into_iter().filter(|field| field.number == number::TENSOR_TYPE_SHAPE)
        {
            for side in fields(part.bytes()?)?.into_iter().filter(|field| field.number == number::SHAPE_DIM) {
                let mut value = 0;
                for field in fields(side.bytes()?)?.into_iter().filter(|f| f.number == number::DIM_VALUE) {
                    value = field
                        .integers()?
                        .first()
                        .copied()
                        .and_then(|side| usize::try_from(side).ok())
                        .unwrap_or(0);
                }
                shape.push(value);
            }
        }
    }
    Ok(shape)
}
