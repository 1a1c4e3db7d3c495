//! Protocol Buffers' wire format, as much of it as an ONNX file is rewritten with: a message is a list of fields, and
//! one that is not understood is carried over as it was. Not here: what the fields mean.

use super::Damaged;

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    pub(super) value: Value<'a>,
}

/// A field's value, by wire type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

impl<'a> Field<'a> {
    /// The value of a length-delimited field: text, bytes, a message, packed numbers.
    pub(super) fn bytes(self) -> Result<&'a [u8], Damaged> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(Damaged("a field has another wire type than its meaning")),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, Damaged> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Damaged("a name is not UTF-8"))
    }

    /// The numbers of a repeated integer field: one by one or packed, as the writer liked.
    pub(super) fn integers(self) -> Result<Vec<i64>, Damaged> {
        match self.value {
            Value::Varint(number) => Ok(vec![number as i64]),
            Value::Bytes(mut rest) => {
                let mut numbers = Vec::new();
                while !rest.is_empty() {
                    numbers.push(varint(&mut rest)? as i64);
                }
                Ok(numbers)
            }
            _ => Err(Damaged("a field has another wire type than its meaning")),
        }
    }

    /// The numbers of a repeated float field.
    pub(super) fn floats(self) -> Result<Vec<f32>, Damaged> {
        match self.value {
            Value::Fixed32(bytes) => Ok(vec![f32::from_le_bytes(bytes)]),
            Value::Bytes(bytes) if bytes.len() % 4 == 0 => Ok(floats(bytes)),
            _ => Err(Damaged("a field has another wire type than its meaning")),
        }
    }
}

/// Little-endian floats; what is left over at the end is left out.
pub(super) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect()
}

/// The fields of a message, in their order.
pub(super) fn fields(mut rest: &[u8]) -> Result<Vec<Field<'_>>, Damaged> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        let value = match key & 7 {
            0 => Value::Varint(varint(&mut rest)?),
            1 => Value::Fixed64(*take_array(&mut rest)?),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).map_err(|_| CUT_OFF)?;
                let (bytes, after) = rest.split_at_checked(length).ok_or(CUT_OFF)?;
                rest = after;
                Value::Bytes(bytes)
            }
            5 => Value::Fixed32(*take_array(&mut rest)?),
            _ => return Err(Damaged("it is not Protocol Buffers")),
        };
        found.push(Field { number: key >> 3, value });
    }
    Ok(found)
}

const CUT_OFF: Damaged = Damaged("it ends within a field");

fn take_array<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Damaged> {
    let (array, after) = rest.split_first_chunk().ok_or(CUT_OFF)?;
    *rest = after;
    Ok(array)
}

fn varint(rest: &mut &[u8]) -> Result<u64, Damaged> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(CUT_OFF)?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Damaged("a number is longer than 64 bits"))
}

/// Writes a field as it was read.
pub(super) fn put(out: &mut Vec<u8>, field: Field<'_>) {
    let wire_type = match field.value {
        Value::Varint(_) => 0,
        Value::Fixed64(_) => 1,
        Value::Bytes(_) => 2,
        Value::Fixed32(_) => 5,
    };
    put_varint(out, field.number << 3 | wire_type);
    match field.value {
        Value::Varint(number) => put_varint(out, number),
        Value::Fixed64(bytes) => out.extend_from_slice(&bytes),
        Value::Bytes(bytes) => {
            put_varint(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
        Value::Fixed32(bytes) => out.extend_from_slice(&bytes),
    }
}

pub(super) fn put_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put(out, Field { number, value: Value::Bytes(bytes) });
}

pub(super) fn put_integer(out: &mut Vec<u8>, number: u64, value: i64) {
    put(out, Field { number, value: Value::Varint(value as u64) });
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_again() {
        // Field 1: 300 (the encoding documentation's own example is 0xAC 0x02), 2: "ab", 3: 4 bytes, 4: 8 bytes.
        let message =
            [0x08, 0xac, 0x02, 0x12, 2, b'a', b'b', 0x1d, 0, 0, 0x80, 0x3f, 0x21, 1, 2, 3, 4, 5, 6, 7, 8];
        let found = fields(&message).expect("whole");
        assert_eq!(found[0].integers(), Ok(vec![300]));
        assert_eq!(found[1].text(), Ok("ab"));
        assert_eq!(found[2].floats(), Ok(vec![1.0]));
        let mut again = Vec::new();
        found.into_iter().for_each(|field| put(&mut again, field));
        assert_eq!(again, message);
    }

    #[test]
    fn every_cut_is_an_error_or_a_shorter_message_and_never_a_panic() {
        let message = [0x08, 0xac, 0x02, 0x12, 2, b'a', b'b', 0x1d, 0, 0, 0x80, 0x3f];
        let whole = [3, 7, 12];
        for end in 1..=message.len() {
            assert_eq!(fields(&message[..end]).is_ok(), whole.contains(&end), "{end}");
        }
        for bad in
            [&[0xff; 11][..], &[0x0b], &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]]
        {
            assert!(fields(bad).is_err(), "{bad:?}");
        }
    }
}
