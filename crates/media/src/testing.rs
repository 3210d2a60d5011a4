//! A reader of ZIP files, for tests: it believes nothing that a writer could get wrong.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::DeflateDecoder;

/// The files of a ZIP file by their names.
///
/// # Panics
/// When it is none, when its two headers of a file say different things, or when a file is not what its checksum says.
pub fn unzip(file: &mut (impl Read + Seek)) -> BTreeMap<String, Vec<u8>> {
    let end = file.seek(SeekFrom::End(-22)).unwrap();
    let last = take(file, 22);
    assert_eq!(last[..4], *b"PK\x05\x06");
    let (mut count, mut at) = (number(&last[10..12]), number(&last[16..20]));
    if count == 0xffff || at == 0xffff_ffff {
        file.seek(SeekFrom::Start(end - 20)).unwrap();
        let pointer = take(file, 20);
        assert_eq!(pointer[..4], *b"PK\x06\x07");
        file.seek(SeekFrom::Start(number(&pointer[8..16]))).unwrap();
        let large = take(file, 56);
        assert_eq!(large[..4], *b"PK\x06\x06");
        (count, at) = (number(&large[32..40]), number(&large[48..56]));
    }
    let mut files = BTreeMap::new();
    for _ in 0..count {
        file.seek(SeekFrom::Start(at)).unwrap();
        let head = take(file, 46);
        assert_eq!(head[..4], *b"PK\x01\x02");
        let name = take(file, number(&head[28..30]));
        let extra = take(file, number(&head[30..32]));
        at += 46 + (name.len() + extra.len()) as u64;
        let mut elsewhere = extra.get(4..).unwrap_or_default().chunks_exact(8).map(number);
        let mut field = |bytes: &[u8]| match number(bytes) {
            0xffff_ffff => elsewhere.next().unwrap(),
            small => small,
        };
        let (length, packed, start) = (field(&head[24..28]), field(&head[20..24]), field(&head[42..46]));

        file.seek(SeekFrom::Start(start)).unwrap();
        let local = take(file, 30);
        assert_eq!(local[..4], *b"PK\x03\x04");
        assert_eq!(local[6..18], head[8..20], "flags, method, time and checksum");
        assert_eq!(take(file, number(&local[26..28])), name);
        let extra = take(file, number(&local[28..30]));
        let lengths = match extra.get(4..) {
            Some(lengths) => (number(&lengths[..8]), number(&lengths[8..16])),
            None => (number(&local[22..26]), number(&local[18..22])),
        };
        assert_eq!(lengths, (length, packed));
        let bytes = take(file, packed);
        let bytes = match number(&head[10..12]) {
            0 => bytes,
            8 => take(&mut DeflateDecoder::new(bytes.as_slice()), length),
            other => panic!("method {other}"),
        };
        let mut crc = Crc::new();
        crc.update(&bytes);
        assert_eq!((bytes.len() as u64, u64::from(crc.sum())), (length, number(&head[16..20])));
        assert!(files.insert(String::from_utf8(name).unwrap(), bytes).is_none(), "twice");
    }
    files
}

fn take(from: &mut impl Read, length: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes).unwrap();
    bytes
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
