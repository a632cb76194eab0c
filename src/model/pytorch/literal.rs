//! Numbers and text as a pickle spells them.

use super::{
    counted::{CountedBytes, utf8},
    said::Said,
    value::Datum,
};

/// A number, by its opcode.
pub fn number(opcode: u8, stream: &mut CountedBytes<'_>) -> Said<Datum> {
    Ok(match opcode {
        b'K' => Datum::Int(stream.byte()?.into()),
        b'M' => Datum::Int(u16::from_le_bytes(stream.array()?).into()),
        b'J' => Datum::Int(i32::from_le_bytes(stream.array()?).into()),
        b'G' => Datum::Float(f64::from_be_bytes(stream.array()?)),
        0x8a | 0x8b => {
            let count = match opcode {
                0x8a => stream.byte()?.into(),
                _ => length(i32::from_le_bytes(stream.array()?).into())?,
            };
            whole(stream.take(count)?)
        }
        _ => {
            let line = stream.line()?;
            let bad = || format!("expected a number, found `{}`", short(&line));
            match (opcode, line.trim_end_matches(['L', '\r'])) {
                (b'I', "00") => Datum::Bool(false),
                (b'I', "01") => Datum::Bool(true),
                (b'F', text) => Datum::Float(text.parse().map_err(|_| bad())?),
                (_, text) => Datum::Int(text.parse().map_err(|_| bad())?),
            }
        }
    })
}

/// A whole number from two's complement, the lowest byte first.
fn whole(bytes: Vec<u8>) -> Datum {
    let sign = if bytes.last().is_some_and(|high| high & 0x80 != 0) { 0xff } else { 0 };
    let mut wide = [sign; 8];
    match wide.get_mut(..bytes.len()) {
        Some(low) => {
            low.copy_from_slice(&bytes);
            Datum::Int(i64::from_le_bytes(wide))
        }
        None => Datum::Big(bytes.into()),
    }
}

/// Text or bytes, by their opcode.
pub fn text(opcode: u8, stream: &mut CountedBytes<'_>) -> Said<Datum> {
    if let b'S' | b'V' = opcode {
        let line = stream.line()?;
        let quoted = line.trim();
        let inside = ['\'', '"'].into_iter().find_map(|q| quoted.strip_prefix(q)?.strip_suffix(q));
        return match (opcode, inside) {
            (b'V', _) => Ok(Datum::Text(unescape(&line).into())),
            (_, Some(inside)) => Ok(Datum::Text(unescape(inside).into())),
            _ => Err("text without its quotes".into()),
        };
    }
    let count = match opcode {
        0x8c | b'U' | b'C' => stream.byte()?.into(),
        b'X' | b'B' => u32::from_le_bytes(stream.array()?).into(),
        b'T' => length(i32::from_le_bytes(stream.array()?).into())?,
        _ => u64::from_le_bytes(stream.array()?),
    };
    let bytes = stream.take(count)?;
    Ok(match opcode {
        b'X' | 0x8c | 0x8d => Datum::Text(utf8(bytes)?.into()),
        b'T' | b'U' => match String::from_utf8(bytes) {
            Ok(text) => Datum::Text(text.into()),
            Err(e) => Datum::Bytes(e.into_bytes().into()),
        },
        _ => Datum::Bytes(bytes.into()),
    })
}

/// Python's escapes in text of protocol 0; what is none of them stays as it is.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut chars = after.chars();
        let kind = chars.next();
        let digits = match kind {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            _ => 0,
        };
        let code = after.get(1..1 + digits).filter(|hex| digits > 0 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let plain = match kind {
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some(same @ ('\\' | '\'' | '"')) => Some(same),
            _ => None,
        };
        if let Some(c) = code.and_then(|hex| char::from_u32(u32::from_str_radix(hex, 16).ok()?)) {
            out.push(c);
            rest = after.get(1 + digits..).unwrap_or_default();
        } else if let Some(c) = plain {
            out.push(c);
            rest = chars.as_str();
        } else {
            out.push('\\');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn length(count: i64) -> Said<u64> {
    u64::try_from(count).map_err(|_| format!("a length of {count} bytes"))
}

/// The beginning of a text, for a sentence.
pub fn short(text: &str) -> String {
    let mut short: String = text.chars().take(60).map(|c| if c.is_control() { '?' } else { c }).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}
