//! Folding: `DequantizeLinear` of constants, by blocks or not, and the `Reshape` behind it become the float constant
//! they stand for; `Dropout`, which does nothing when a model is used, becomes `Identity`. What the graph no longer
//! uses goes. Everything else stays as it is, byte for byte.

use std::collections::{BTreeMap, BTreeSet};

use super::tensor::{Numbers, Tensor, count};
use super::wire::{Field, fields, put, put_bytes};
use super::{Damaged, Folded, Port, number, port};
use crate::limits::FOLDED_NUMBERS_MAX;

/// A `NodeProto`, as far as it matters here.
struct Node<'a> {
    op: &'a str,
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    axis: Option<i64>,
    block_size: Option<i64>,
    bytes: &'a [u8],
}

/// The constants: those that came with the file, and those that folding made.
#[derive(Default)]
struct Constants<'a> {
    shipped: BTreeMap<&'a str, &'a [u8]>,
    made: BTreeMap<&'a str, (Vec<usize>, Vec<f32>)>,
    numbers: usize,
}

/// Rewrites a model.
pub(crate) fn fold(model: &[u8]) -> Result<Folded, Damaged> {
    let model_fields = fields(model)?;
    let graph = model_fields.iter().find(|field| field.number == number::MODEL_GRAPH);
    let graph = fields(graph.ok_or(Damaged("it holds no graph"))?.bytes()?)?;
    let mut constants = Constants::default();
    for field in graph.iter().filter(|field| field.number == number::GRAPH_INITIALIZER) {
        let bytes = field.bytes()?;
        constants.shipped.insert(constant_name(bytes)?, bytes);
    }
    let mut kept = Vec::new();
    for field in graph.iter().filter(|field| field.number == number::GRAPH_NODE) {
        let node = Node::parse(field.bytes()?)?;
        if !constants.fold(&node)? {
            kept.push(node);
        }
    }
    let outputs = ports(&graph, number::GRAPH_OUTPUT)?;
    let used: BTreeSet<&str> = kept
        .iter()
        .flat_map(|node| node.inputs.iter().copied())
        .chain(outputs.iter().map(|output| output.name.as_str()))
        .collect();
    let must_be_given = |input: &Port| {
        let name = input.name.as_str();
        used.contains(name) && !constants.shipped.contains_key(name) && !constants.made.contains_key(name)
    };
    let inputs: Vec<Port> = ports(&graph, number::GRAPH_INPUT)?.into_iter().filter(must_be_given).collect();
    let graph = rewritten(&graph, &kept, &constants, &used, &inputs)?;
    let mut bytes = Vec::with_capacity(graph.len() + 1024);
    for field in model_fields {
        match field.number {
            number::MODEL_GRAPH => put_bytes(&mut bytes, number::MODEL_GRAPH, &graph),
            _ => put(&mut bytes, field),
        }
    }
    Ok(Folded { bytes, inputs, outputs })
}

fn ports(graph: &[Field<'_>], which: u64) -> Result<Vec<Port>, Damaged> {
    graph.iter().filter(|field| field.number == which).map(|field| port(field.bytes()?)).collect()
}

/// The graph with what was kept, and the constants that it uses.
fn rewritten(
    graph: &[Field<'_>],
    kept: &[Node<'_>],
    constants: &Constants<'_>,
    used: &BTreeSet<&str>,
    inputs: &[Port],
) -> Result<Vec<u8>, Damaged> {
    let mut out = Vec::with_capacity(constants.numbers * 4 + 65_536);
    kept.iter().for_each(|node| node.put(&mut out));
    for (name, (dims, numbers)) in constants.made.iter().filter(|(name, _)| used.contains(*name)) {
        put_bytes(&mut out, number::GRAPH_INITIALIZER, &Tensor::floats_message(name, dims, numbers));
    }
    for (_, bytes) in constants.shipped.iter().filter(|(name, _)| used.contains(*name)) {
        put_bytes(&mut out, number::GRAPH_INITIALIZER, bytes);
    }
    for field in graph {
        match field.number {
            // The first two are written already; the shapes between nodes are those of before.
            number::GRAPH_NODE | number::GRAPH_INITIALIZER | number::GRAPH_VALUE_INFO => {}
            number::GRAPH_INPUT if !inputs.contains(&port(field.bytes()?)?) => {}
            _ => put(&mut out, *field),
        }
    }
    Ok(out)
}

/// The name alone: most constants are never looked into.
fn constant_name(bytes: &[u8]) -> Result<&str, Damaged> {
    let name = fields(bytes)?.into_iter().find(|field| field.number == number::TENSOR_NAME);
    name.ok_or(Damaged("a constant has no name"))?.text()
}

impl<'a> Node<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Damaged> {
        let mut node =
            Self { op: "", inputs: Vec::new(), outputs: Vec::new(), axis: None, block_size: None, bytes };
        for field in fields(bytes)? {
            match field.number {
                number::NODE_INPUT => node.inputs.push(field.text()?),
                number::NODE_OUTPUT => node.outputs.push(field.text()?),
                number::NODE_OP_TYPE => node.op = field.text()?,
                number::NODE_ATTRIBUTE => node.attribute(field.bytes()?)?,
                _ => {}
            }
        }
        Ok(node)
    }

    fn attribute(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        let (mut name, mut value) = ("", None);
        for field in fields(bytes)? {
            match field.number {
                number::ATTRIBUTE_NAME => name = field.text()?,
                number::ATTRIBUTE_INTEGER => value = field.integers()?.first().copied(),
                _ => {}
            }
        }
        match name {
            "axis" => self.axis = value,
            "block_size" => self.block_size = value,
            _ => {}
        }
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        if let ("Dropout", Some(from), Some(to)) = (self.op, self.inputs.first(), self.outputs.first()) {
            let mut identity = Vec::new();
            put_bytes(&mut identity, number::NODE_INPUT, from.as_bytes());
            put_bytes(&mut identity, number::NODE_OUTPUT, to.as_bytes());
            put_bytes(&mut identity, number::NODE_OP_TYPE, b"Identity");
            put_bytes(out, number::GRAPH_NODE, &identity);
        } else {
            put_bytes(out, number::GRAPH_NODE, self.bytes);
        }
    }
}

impl<'a> Constants<'a> {
    /// Whether the node was folded away.
    fn fold(&mut self, node: &Node<'a>) -> Result<bool, Damaged> {
        let [output] = node.outputs[..] else { return Ok(false) };
        let made = match (node.op, &node.inputs[..]) {
            ("DequantizeLinear", [x, scale, rest @ ..]) => match (self.tensor(x)?, self.tensor(scale)?) {
                (Some(x), Some(scale)) => {
                    let zero = rest.first().map(|name| self.tensor(name)).transpose()?.flatten();
                    if !rest.is_empty() && zero.is_none() {
                        return Ok(false);
                    }
                    dequantized(&x, &scale, zero.as_ref(), node)?
                }
                _ => None,
            },
            ("Reshape", [x, shape]) if self.made.contains_key(x) => match self.tensor(shape)? {
                Some(Tensor { numbers: Numbers::Int64(sides), .. }) => {
                    self.made.get(x).map(|(_, numbers)| reshaped(numbers, &sides)).transpose()?
                }
                _ => None,
            },
            _ => None,
        };
        let Some((dims, numbers)) = made else { return Ok(false) };
        self.numbers = self.numbers.saturating_add(numbers.len());
        if self.numbers > FOLDED_NUMBERS_MAX {
            return Err(Damaged("its weights are more than this program holds"));
        }
        self.made.insert(output, (dims, numbers));
        Ok(true)
    }

    fn tensor(&self, name: &str) -> Result<Option<Tensor>, Damaged> {
        self.shipped.get(name).map(|bytes| Ok(Tensor::parse(bytes)?.1)).transpose()
    }
}

type Made = (Vec<usize>, Vec<f32>);

/// (x − zero) · scale. Scale and zero point are for the whole tensor, for each place along the axis, or for each
/// block of places along it (ONNX, `DequantizeLinear` from opset 21).
fn dequantized(
    x: &Tensor,
    scale: &Tensor,
    zero: Option<&Tensor>,
    node: &Node<'_>,
) -> Result<Option<Made>, Damaged> {
    let (Numbers::Small(values), Numbers::Float(scales)) = (&x.numbers, &scale.numbers) else {
        return Ok(None);
    };
    let zeros = match zero.map(|zero| &zero.numbers) {
        None => None,
        Some(Numbers::Small(zeros)) if zeros.len() == scales.len() => Some(zeros),
        Some(_) => return Err(Damaged("a zero point has another shape than its scale")),
    };
    let rank = x.dims.len() as i64;
    let axis = node.axis.unwrap_or(1);
    let axis = usize::try_from(if axis < 0 { axis + rank } else { axis }).unwrap_or(usize::MAX);
    let block =
        usize::try_from(node.block_size.unwrap_or(0)).map_err(|_| Damaged("a block size is negative"))?;
    let wrong = Damaged("a scale does not fit the weights that it scales");
    // Of the scale: numbers behind the axis, and places along it.
    let (inner, along, places) = if scales.len() == 1 {
        (1, values.len().max(1), 1)
    } else {
        let along = *x.dims.get(axis).ok_or(wrong)?;
        let inner = count(&x.dims[axis + 1..]).ok_or(wrong)?;
        (inner, along, if block > 0 { along.div_ceil(block) } else { along })
    };
    let outer = values.len() / (inner * along).max(1);
    let expected = if block > 0 && scales.len() > 1 { outer * places * inner } else { places };
    if scales.len() != expected {
        return Err(wrong);
    }
    let numbers = values.iter().enumerate().map(|(at, value)| {
        let place = at / inner % along;
        let of_scale = match (scales.len(), block) {
            (1, _) => 0,
            (_, 0) => place,
            _ => (at / (inner * along) * places + place / block) * inner + at % inner,
        };
        let zero = zeros.map_or(0, |zeros| zeros[of_scale]);
        f32::from(value - zero) * scales[of_scale]
    });
    Ok(Some((x.dims.clone(), numbers.collect())))
}

/// Another shape for the same numbers; one side may be −1, which is what is left.
fn reshaped(numbers: &[f32], sides: &[i64]) -> Result<Made, Damaged> {
    let wrong = Damaged("a shape does not fit the weights that it shapes");
    let open = sides.iter().filter(|side| **side == -1).count();
    let known = sides.iter().filter(|side| **side != -1).map(|side| usize::try_from(*side));
    let known: Vec<usize> = known.collect::<Result<_, _>>().map_err(|_| wrong)?;
    let product = count(&known).filter(|product| *product > 0 && open <= 1).ok_or(wrong)?;
    let rest = numbers.len() / product;
    let dims: Vec<usize> = sides.iter().map(|side| usize::try_from(*side).unwrap_or(rest)).collect();
    if count(&dims) != Some(numbers.len()) {
        return Err(wrong);
    }
    Ok((dims, numbers.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(axis: i64, block_size: i64) -> Node<'static> {
        let (axis, block_size) = (Some(axis), Some(block_size));
        Node { op: "DequantizeLinear", inputs: Vec::new(), outputs: Vec::new(), axis, block_size, bytes: &[] }
    }

    fn small(dims: &[usize], numbers: &[i16]) -> Tensor {
        Tensor { dims: dims.to_vec(), numbers: Numbers::Small(numbers.to_vec()) }
    }

    fn float(dims: &[usize], numbers: &[f32]) -> Tensor {
        Tensor { dims: dims.to_vec(), numbers: Numbers::Float(numbers.to_vec()) }
    }

    fn numbers(x: &Tensor, scale: &Tensor, zero: Option<&Tensor>, node: &Node<'_>) -> Vec<f32> {
        dequantized(x, scale, zero, node).expect("fits").expect("constants of the right types").1
    }

    #[test]
    fn blocks_along_the_last_axis() {
        // Two rows of five in blocks of two: three blocks a row, the last of one number.
        let x = small(&[2, 5], &[1, 2, 3, 4, 5, -1, -2, -3, -4, -5]);
        let scale = float(&[2, 3], &[1.0, 10.0, 100.0, 0.5, 2.0, 4.0]);
        let zero = small(&[2, 3], &[1, 0, 0, 0, 0, -5]);
        let wanted = [0.0, 1.0, 30.0, 40.0, 500.0, -0.5, -1.0, -6.0, -8.0, 0.0];
        assert_eq!(numbers(&x, &scale, Some(&zero), &node(1, 2)), wanted);
        assert_eq!(numbers(&x, &scale, Some(&zero), &node(-1, 2)), wanted);
    }

    #[test]
    fn blocks_along_the_first_axis_keep_the_columns_apart() {
        // Three rows of two in blocks of two rows: row 0 and 1 share scales, row 2 has its own.
        let x = small(&[3, 2], &[1, 1, 2, 2, 3, 3]);
        let scale = float(&[2, 2], &[1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(numbers(&x, &scale, None, &node(0, 2)), [1.0, 10.0, 2.0, 20.0, 300.0, 3000.0]);
    }

    #[test]
    fn one_scale_for_all_and_one_for_each_place() {
        let x = small(&[2, 2], &[1, 2, 3, 4]);
        assert_eq!(numbers(&x, &float(&[], &[2.0]), None, &node(1, 0)), [2.0, 4.0, 6.0, 8.0]);
        assert_eq!(numbers(&x, &float(&[2], &[1.0, 10.0]), None, &node(1, 0)), [1.0, 20.0, 3.0, 40.0]);
        assert_eq!(numbers(&x, &float(&[2], &[1.0, 10.0]), None, &node(0, 0)), [1.0, 2.0, 30.0, 40.0]);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let x = small(&[2, 4], &[0; 8]);
        let zero = small(&[1], &[0]);
        for (scale, zero, axis, block) in [
            (float(&[3], &[1.0; 3]), None, 1, 0),
            (float(&[2, 3], &[1.0; 6]), None, 1, 2),
            (float(&[2, 2], &[1.0; 4]), None, 7, 2),
            (float(&[2, 2], &[1.0; 4]), None, 1, -2),
            (float(&[2, 2], &[1.0; 4]), Some(&zero), 1, 2),
        ] {
            assert!(dequantized(&x, &scale, zero, &node(axis, block)).is_err(), "{scale:?} {axis} {block}");
        }
        assert_eq!(reshaped(&[1.0, 2.0], &[2, -1]), Ok((vec![2, 1], vec![1.0, 2.0])));
        for sides in [&[3][..], &[-1, -1], &[0, -1], &[-2], &[i64::MAX, 4]] {
            assert!(reshaped(&[1.0, 2.0], sides).is_err(), "{sides:?}");
        }
    }
}
