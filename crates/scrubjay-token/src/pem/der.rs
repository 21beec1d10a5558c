//! Private keys without a label: the base64 of DER (X.690 §8.1, 10.1) that is one by its structure.

use std::ops::Range;

use super::{gap, is_body, is_digest, is_word, key};
use crate::base64::decode;
use crate::token::{Cut, Found};

/// Characters from which a key's structure is told: an RSA key's modulus stands in front of what tells it.
const HEAD_CHARS: usize = 1600;
/// Fewest of them: a whole short key, or the beginning of a longer one.
const HEAD_CHARS_MIN: usize = 32;
/// Fewest that stand in the first line.
const PART_CHARS_MIN: usize = 16;
/// Longest key, in bytes: RSA of 16384 bits has less.
const KEY_BYTES_MAX: usize = 16 * 1024;
/// Shortest modulus, in bytes.
const MODULUS_BYTES_MIN: usize = 64;

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// The optional parts of an EC key (RFC 5915 §3).
const PARAMETERS: u8 = 0xA0;
const PUBLIC_KEY: u8 = 0xA1;

/// An element: its tag and where its content lies, which may be cut.
struct Element {
    tag: u8,
    content: Range<usize>,
}

/// The element at `at`, with its length in the shortest form, as DER has it.
fn element(der: &[u8], at: usize) -> Option<Element> {
    let (&tag, &first) = (der.get(at)?, der.get(at + 1)?);
    let (len, start) = match first {
        0..=0x7F => (usize::from(first), at + 2),
        0x81 => (usize::from(*der.get(at + 2)?), at + 3),
        0x82 => (usize::from(u16::from_be_bytes([*der.get(at + 2)?, *der.get(at + 3)?])), at + 4),
        _ => return None,
    };
    let least = match first {
        0..=0x7F => 0,
        0x81 => 0x80,
        _ => 0x100,
    };
    (len >= least).then_some(Element { tag, content: start..start + len })
}

/// Length of the private key that begins here, in bytes: PKCS#8 (RFC 5958 §2), SEC 1 (RFC 5915 §3), PKCS#1 (RFC 8017
/// §A.1.2). Certificates, requests and public keys have no version as their first element, or something else behind it.
fn private_key(der: &[u8]) -> Option<usize> {
    let outer = element(der, 0).filter(|e| e.tag == SEQUENCE && e.content.len() <= KEY_BYTES_MAX)?;
    let end = outer.content.end;
    let version = element(der, outer.content.start).filter(|e| e.tag == INTEGER && e.content.len() == 1)?;
    let number = *der.get(version.content.start)?;
    let second = element(der, version.content.end).filter(|e| number <= 1 && e.content.end <= end)?;
    let third = |tags: &[u8]| {
        let at = second.content.end;
        at < end && element(der, at).is_some_and(|e| tags.contains(&e.tag) && e.content.end <= end)
    };
    let is_key = match second.tag {
        SEQUENCE => der.get(second.content.start) == Some(&OID) && third(&[OCTETS]),
        OCTETS => {
            let ends = second.content.end == end;
            number == 1 && (20..=72).contains(&second.content.len()) && (ends || third(&[PARAMETERS, PUBLIC_KEY]))
        }
        // The private numbers are more than three times as long as the modulus.
        INTEGER => second.content.len() >= MODULUS_BYTES_MIN && end > 3 * second.content.len() && third(&[INTEGER]),
        _ => false,
    };
    is_key.then_some(end)
}

/// True where a run of base64 begins as a private key does: a sequence with a version as its first element. What follows may
/// stand in other lines.
pub(crate) fn begins_key(part: &[u8]) -> bool {
    key_chars(part).is_some()
}

/// As [`begins_key`], or as one that is encrypted (RFC 5958 §3), or that OpenSSH wrote.
pub(super) fn begins_any_key(part: &[u8]) -> bool {
    let is_encrypted = || {
        let head = decode(&part[..PART_CHARS_MIN]);
        let outer = element(&head, 0).filter(|e| e.tag == SEQUENCE)?;
        let inner = element(&head, outer.content.start).filter(|e| e.tag == SEQUENCE)?;
        Some(head.get(inner.content.start) == Some(&OID))
    };
    begins_key(part) || part.len() >= PART_CHARS_MIN && (part.starts_with(OPENSSH) || is_encrypted() == Some(true))
}

/// `openssh-key-` in base64.
const OPENSSH: &[u8] = b"b3BlbnNzaC1rZXkt";

/// Characters of base64 that the key has which begins here, without its padding, as [`begins_key`] tells.
pub(super) fn key_chars(part: &[u8]) -> Option<usize> {
    // The tag of the sequence and the beginning of its length.
    if !matches!(part, [b'M', b'A'..=b'I', ..]) || part.len() < PART_CHARS_MIN {
        return None;
    }
    let head = decode(&part[..PART_CHARS_MIN]);
    let outer = element(&head, 0)?;
    matches!(head.get(outer.content.start..), Some([INTEGER, 1, 0 | 1, ..])).then(|| chars_of(outer.content.end))
}

/// Characters of base64 for so many bytes, without their padding.
fn chars_of(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4 - (3 - bytes % 3) % 3
}

/// Keys without a label, where none of `found` covers them.
pub(super) fn unlabelled(text: &[u8], found: &mut Vec<Found>) {
    let mut done = 0;
    for at in memchr::memchr_iter(b'M', text) {
        if at < done || at > 0 && is_body(text[at - 1]) || !begins_key(&text[at..text.len().min(at + PART_CHARS_MIN)]) {
            continue;
        }
        if found.iter().any(|f| f.span().contains(&at)) {
            continue;
        }
        let head: Vec<u8> = lines(text, at, HEAD_CHARS).iter().flat_map(|line| &text[line.clone()]).copied().collect();
        let Some(bytes) = private_key(&decode(&head)).filter(|_| head.len() >= HEAD_CHARS_MIN) else { continue };
        let chars = chars_of(bytes);
        let (lines, cut) = first_chars(text, lines(text, at, chars), chars);
        done = lines.last().map_or(at, |line| line.end);
        found.push(key(text, lines, cut.then_some(Cut::Payload)));
    }
}

/// The base64 from `at` on and the lines behind it that are as long as the first, and a shorter one: `most` characters or more.
fn lines(text: &[u8], mut at: usize, most: usize) -> Vec<Range<usize>> {
    let (mut lines, mut chars): (Vec<Range<usize>>, usize) = (Vec::new(), 0);
    loop {
        let len = text[at..].iter().take(most).take_while(|&&b| is_body(b)).count();
        let width = lines.first().map_or(len, ExactSizeIterator::len);
        // The first word of a line that says something else is no piece.
        let word = !lines.is_empty() && len < PART_CHARS_MIN && text.get(at + len).is_some_and(|b| b" :.-_@([".contains(b));
        let is_others = || {
            let part = &text[at..at + len];
            !lines.is_empty() && (is_digest(part) || chars + len < most && len >= PART_CHARS_MIN && is_word(part))
        };
        if len == 0 || len > width || word || is_others() {
            return lines;
        }
        lines.push(at..at + len);
        chars += len;
        let between = gap(text, at + len);
        if len < width || between == 0 || chars >= most {
            return lines;
        }
        at += len + between;
    }
}

/// The first `chars` characters of these lines, with their padding, and whether there are fewer.
fn first_chars(text: &[u8], lines: Vec<Range<usize>>, chars: usize) -> (Vec<Range<usize>>, bool) {
    let (mut rest, mut out) = (chars, Vec::new());
    for mut line in lines {
        if rest == 0 {
            break;
        }
        line.end = line.end.min(line.start + rest);
        rest -= line.len();
        out.push(line);
    }
    if let Some(last) = out.last_mut().filter(|_| rest == 0) {
        last.end += crate::base64::padding_len(text, last.end);
    }
    (out, rest > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64::encode;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let len = content.len();
        let head = match len {
            0..=0x7F => vec![tag, len as u8],
            0x80..=0xFF => vec![tag, 0x81, len as u8],
            _ => vec![tag, 0x82, (len >> 8) as u8, len as u8],
        };
        [head, content.to_vec()].concat()
    }

    fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
        tlv(SEQUENCE, &parts.concat())
    }

    fn check(der: &[u8], is_key: bool) {
        let text = format!("k={} end", encode(der));
        let mut found = Vec::new();
        unlabelled(text.as_bytes(), &mut found);
        assert_eq!(found.first().map(|f| f.span()), is_key.then_some(2..text.len() - 4), "{}", der.escape_ascii());
    }

    /// What is cut ends where its lines do: the next one keeps its first word.
    #[test]
    fn the_line_behind_a_key_that_is_cut_keeps_its_first_word() {
        let chars = &encode(&sequence(&[tlv(INTEGER, &[0]), sequence(&[tlv(OID, &[0x2B, 0x65, 0x70])]), tlv(0x04, &[0x51; 34])]))[..33];
        for (line, taken) in
            [("hello world", 0), ("conf/a.log:10:x", 0), ("2026-11-29T12:00:00Z ok", 0), ("sha256:00", 0), ("UVFR", 4), ("UVE=", 4)]
        {
            let text = format!("k=\n{chars}\n{line}\n");
            let mut found = Vec::new();
            unlabelled(text.as_bytes(), &mut found);
            let pieces: Vec<usize> = found.iter().flat_map(|f| &f.pieces).map(|piece| piece.len()).collect();
            assert_eq!(pieces.iter().sum::<usize>(), chars.len() + taken.min(line.trim_end_matches('=').len()), "{line}: {pieces:?}");
        }
    }

    #[test]
    fn structures_that_are_keys_and_that_are_none() {
        let int = |n: usize| tlv(INTEGER, &vec![0x51; n]);
        let version = |n: u8| tlv(INTEGER, &[n]);
        let alg = sequence(&[tlv(OID, &[0x2B, 0x65, 0x70])]);
        let name = sequence(&[tlv(0x31, &sequence(&[tlv(OID, &[0x55, 4, 3]), tlv(0x0C, b"a name, not short")]))]);
        let bits = |n: usize| tlv(0x03, &vec![0x41; n]);
        for n in [32, 57, 120, 1200] {
            check(&sequence(&[version(0), alg.clone(), tlv(OCTETS, &vec![7; n])]), true);
        }
        check(&sequence(&[version(1), tlv(OCTETS, &[9; 32])]), true);
        check(&sequence(&[version(1), tlv(OCTETS, &[9; 48]), tlv(0xA0, &tlv(OID, &[1; 8])), tlv(0xA1, &bits(97))]), true);
        for n in [64, 128, 256, 512] {
            let (n, half) = (int(n), int(n / 2));
            let private = [n.clone(), half.clone(), half.clone(), half.clone(), half.clone(), half].concat();
            check(&sequence(&[version(0), n, version(3), private]), true);
        }
        let to_be_signed = |inner: &[Vec<u8>]| sequence(&[sequence(inner), alg.clone(), bits(64)]);
        for none in [
            to_be_signed(&[tlv(0xA0, &version(2)), int(16), alg.clone(), name.clone(), name.clone()]),
            to_be_signed(&[version(0), name.clone(), sequence(&[alg.clone(), bits(33)])]),
            sequence(&[alg.clone(), bits(65)]),
            sequence(&[int(256), version(3)]),
            sequence(&[int(32), int(32)]),
            sequence(&[version(1), tlv(OCTETS, b"public, as a long community"), tlv(0xA2, &[2; 40])]),
            sequence(&[version(0), int(256), version(3)]),
            sequence(&[version(3), sequence(&[tlv(OID, &[1; 9]), tlv(0xA0, &[4; 90])])]),
            sequence(&[version(1), sequence(&[sequence(&[tlv(OID, &[1; 9])]), tlv(OCTETS, &[5; 32])]), int(8)]),
            b"0123456789 MIGH text that only looks like it".to_vec(),
        ] {
            check(&none, false);
        }
    }
}
