//! The wire format of protobuf. Source: protobuf.dev, "Encoding".

/// The longest number, in bytes.
const VARINT_LENGTH_MAX: usize = 10;

/// What a field holds.
pub(super) enum Given<'a> {
    /// Of a varint or a fixed field.
    Number(i64),
    /// Text, bytes, a message, or numbers that are packed.
    Bytes(&'a [u8]),
}

/// Goes through the fields of a message.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next field with its number, or the end; nothing for bytes that are no message.
    pub(super) fn next(&mut self) -> Option<Option<(u32, Given<'a>)>> {
        if self.rest.is_empty() {
            return Some(None);
        }
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|&it| it > 0)?;
        let given = match key & 7 {
            0 => Given::Number(self.varint()?.cast_signed()),
            1 => Given::Number(i64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Given::Bytes(self.take(length)?)
            }
            5 => Given::Number(i64::from(i32::from_le_bytes(self.take(4)?.try_into().ok()?))),
            _ => return None,
        };
        Some(Some((number, given)))
    }

    /// All of the rest as numbers.
    pub(super) fn varints(mut self) -> Option<Vec<i64>> {
        let mut numbers = Vec::new();
        while !self.rest.is_empty() {
            numbers.push(self.varint()?.cast_signed());
        }
        Some(numbers)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for (i, &byte) in self.rest.iter().take(VARINT_LENGTH_MAX).enumerate() {
            number |= u64::from(byte & 0x7f).checked_shl(u32::try_from(7 * i).ok()?)?;
            if byte & 0x80 == 0 {
                self.rest = &self.rest[i + 1..];
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}
