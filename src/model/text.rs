//! The text of cfgs, class names and `.data` files as people's editors have left it.

use std::borrow::Cow;

/// The text of `bytes`: UTF-8, with a byte order mark or without, or UTF-16 by its mark; none if it is neither.
pub fn unicode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let utf16 = |rest: &[u8], join: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks(2).map(|pair| join([pair[0], pair.get(1).copied().unwrap_or(0)])).collect();
        String::from_utf16(&units).ok().map(Cow::Owned)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => std::str::from_utf8(rest).ok().map(Cow::Borrowed),
    }
}

/// The text of `bytes` where it does not matter much: Unicode, or else Latin-1.
pub fn any(bytes: &[u8]) -> Cow<'_, str> {
    unicode(bytes).unwrap_or_else(|| latin1(bytes).into())
}

/// Every byte as the character of its number: what Latin-1 is.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Lines that end with LF, CRLF or CR.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    // A CR before an LF ends no line of its own.
    text.split_inclusive('\n').flat_map(|line| {
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line).split('\r')
    })
}

/// The line, from 1, of the first byte that is no UTF-8.
pub fn bad_line(bytes: &[u8]) -> usize {
    let good = std::str::from_utf8(bytes).map_or_else(|e| &bytes[..e.valid_up_to()], str::as_bytes);
    let ends = good.iter().zip(good.iter().skip(1).chain([&0])).filter(|(byte, next)| match byte {
        b'\r' => **next != b'\n',
        byte => **byte == b'\n',
    });
    1 + ends.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_they_do_on_any_system() {
        for text in ["a\nb\n\nc", "a\r\nb\r\n\r\nc\r\n", "a\rb\r\rc"] {
            assert_eq!(lines(text).collect::<Vec<_>>(), ["a", "b", "", "c"], "{text:?}");
        }
        assert_eq!(lines("").count(), 0);
    }

    #[test]
    fn marks_say_how_it_is_coded() {
        for bytes in
            [&b"\xef\xbb\xbfaut\xc3\xb3"[..], b"aut\xc3\xb3", b"\xff\xfea\0u\0t\0\xf3\0", b"\xfe\xff\0a\0u\0t\0\xf3"]
        {
            assert_eq!(unicode(bytes).as_deref(), Some("autó"), "{bytes:?}");
        }
        assert_eq!(unicode(b"aut\xf3"), None);
        assert_eq!(latin1(b"aut\xf3"), "autó");
        assert_eq!(bad_line(b"one\ntwo\r\n\xf3\n"), 3);
        assert_eq!(bad_line(b"one\rtwo\raut\xf3\r"), 3);
    }
}
