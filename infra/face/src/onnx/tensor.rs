//! The constants of an ONNX file, as far as folding needs them: floats, 8-bit integers, and shapes. Not here: when
//! they are folded.

use super::wire::{fields, floats, put_bytes, put_integer};
use super::{Damaged, number};

/// `TensorProto.DataType`.
const FLOAT: i64 = 1;
const UINT8: i64 = 2;
const INT8: i64 = 3;
const INT64: i64 = 7;

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub(super) dims: Vec<usize>,
    pub(super) numbers: Numbers,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Numbers {
    Float(Vec<f32>),
    /// Signed and unsigned 8 bits: both fit.
    Small(Vec<i16>),
    Int64(Vec<i64>),
    /// Anything else: it is never folded.
    Other,
}

impl Numbers {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Float(numbers) => numbers.len(),
            Self::Small(numbers) => numbers.len(),
            Self::Int64(numbers) => numbers.len(),
            Self::Other => 0,
        }
    }
}

/// How many numbers these sides hold; none where that is more than a machine can count.
pub(super) fn count(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1_usize, |product, side| product.checked_mul(*side))
}

impl Tensor {
    /// Reads a `TensorProto`: its name, and itself.
    pub(super) fn parse(bytes: &[u8]) -> Result<(&str, Self), Damaged> {
        let (mut name, mut dims, mut data_type, mut raw) = ("", Vec::new(), 0, None);
        let (mut float_data, mut int32_data, mut int64_data) = (Vec::new(), Vec::new(), Vec::new());
        for field in fields(bytes)? {
            match field.number {
                number::TENSOR_NAME => name = field.text()?,
                number::TENSOR_DIMS => dims.extend(field.integers()?),
                number::TENSOR_DATA_TYPE => data_type = field.integers()?.first().copied().unwrap_or(0),
                number::TENSOR_RAW => raw = Some(field.bytes()?),
                number::TENSOR_FLOATS => float_data.extend(field.floats()?),
                number::TENSOR_INT32 => int32_data.extend(field.integers()?),
                number::TENSOR_INT64 => int64_data.extend(field.integers()?),
                number::TENSOR_EXTERNAL if field.integers()?.iter().any(|place| *place != 0) => {
                    return Err(Damaged("its weights are in another file; a model is one file here"));
                }
                _ => {}
            }
        }
        let dims: Result<Vec<usize>, _> = dims.into_iter().map(usize::try_from).collect();
        let dims = dims.map_err(|_| Damaged("a side of a constant is negative"))?;
        let narrow = |numbers: Vec<i64>| numbers.into_iter().map(|number| number as i16).collect();
        let numbers = match (data_type, raw) {
            (FLOAT, Some(raw)) => Numbers::Float(floats(raw)),
            (FLOAT, None) => Numbers::Float(float_data),
            (INT8, Some(raw)) => Numbers::Small(raw.iter().map(|byte| i16::from(*byte as i8)).collect()),
            (UINT8, Some(raw)) => Numbers::Small(raw.iter().map(|byte| i16::from(*byte)).collect()),
            (INT8 | UINT8, None) => Numbers::Small(narrow(int32_data)),
            (INT64, Some(raw)) => Numbers::Int64(
                raw.as_chunks::<8>().0.iter().map(|chunk| i64::from_le_bytes(*chunk)).collect(),
            ),
            (INT64, None) => Numbers::Int64(int64_data),
            _ => Numbers::Other,
        };
        if numbers != Numbers::Other && count(&dims) != Some(numbers.len()) {
            return Err(Damaged("a constant holds more or fewer numbers than its shape says"));
        }
        Ok((name, Self { dims, numbers }))
    }

    /// A `TensorProto` of floats.
    pub(super) fn floats_message(name: &str, dims: &[usize], numbers: &[f32]) -> Vec<u8> {
        let mut message = Vec::with_capacity(numbers.len() * 4 + name.len() + 64);
        dims.iter().for_each(|side| put_integer(&mut message, number::TENSOR_DIMS, *side as i64));
        put_integer(&mut message, number::TENSOR_DATA_TYPE, FLOAT);
        put_bytes(&mut message, number::TENSOR_NAME, name.as_bytes());
        let raw: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        put_bytes(&mut message, number::TENSOR_RAW, &raw);
        message
    }
}
