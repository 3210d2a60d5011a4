//! What a file that ffmpeg is to read is, by its first bytes: ffmpeg is told, and never guesses.

use image::metadata::Orientation;

/// What films and sounds come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    /// MP4, QuickTime, 3GP, M4A.
    Mov,
    /// Matroska and WebM.
    Matroska,
    /// Ogg: Vorbis, Opus, Theora.
    Ogg,
    Mp3,
    /// AAC in ADTS frames.
    Aac,
    Flac,
    Wav,
    Gif,
}

impl Container {
    /// The container of these bytes by their signature. `None` for everything else, HEIC and AVIF pictures among it.
    pub(crate) fn of(bytes: &[u8]) -> Option<Container> {
        match bytes {
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Container::Gif),
            [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand.first_chunk::<4>()? {
                b"heic" | b"heix" | b"hevc" | b"hevx" | b"mif1" | b"msf1" | b"heim" | b"heis" | b"avif" | b"avis" => None,
                _ => Some(Container::Mov),
            },
            // QuickTime of old has no `ftyp`.
            [_, _, _, _, b'm', b'o', b'o', b'v', ..] | [0, 0, 0, 1 | 8, b'w', b'i', b'd', b'e', ..] => Some(Container::Mov),
            [0x1A, 0x45, 0xDF, 0xA3, ..] => Some(Container::Matroska),
            [b'O', b'g', b'g', b'S', ..] => Some(Container::Ogg),
            [b'f', b'L', b'a', b'C', ..] => Some(Container::Flac),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Container::Wav),
            [b'I', b'D', b'3', ..] => Some(Container::Mp3),
            // The twelve bits of a frame's beginning, then the layer: none in ADTS, the third in MP3.
            [0xFF, second, ..] if second & 0xF6 == 0xF0 => Some(Container::Aac),
            [0xFF, second, ..] if second & 0xE6 == 0xE2 => Some(Container::Mp3),
            _ => None,
        }
    }

    /// What ffmpeg calls the reader of it.
    pub(crate) fn demuxer(self) -> &'static str {
        match self {
            Container::Mov => "mov",
            Container::Matroska => "matroska",
            Container::Ogg => "ogg",
            Container::Mp3 => "mp3",
            Container::Aac => "aac",
            Container::Flac => "flac",
            Container::Wav => "wav",
            Container::Gif => "gif",
        }
    }
}

/// Whether it is an AVIF picture (or the first of a row of them).
pub(crate) fn is_avif(bytes: &[u8]) -> bool {
    matches!(bytes.get(4..12), Some(b"ftypavif" | b"ftypavis"))
}

/// How an AVIF picture says that it is to be turned (ISO/IEC 23008-12 §6.5.10 and §6.5.12). Of several pictures in one file
/// the first that says something is believed.
pub(crate) fn avif_turn(bytes: &[u8]) -> Orientation {
    let properties = boxed(bytes, b"meta")
        // A full box: its version and flags come first.
        .and_then(|meta| boxed(meta.get(4..)?, b"iprp"))
        .and_then(|iprp| boxed(iprp, b"ipco"));
    let Some(properties) = properties else { return Orientation::NoTransforms };
    let byte = |name| boxed(properties, name).and_then(|payload| payload.first().copied());
    // Quarters of a turn against the clock, then the axis over which it is mirrored: 0 swaps top and bottom.
    match (byte(b"irot").unwrap_or(0) & 3, byte(b"imir").map(|axis| axis & 1)) {
        (0, None) => Orientation::NoTransforms,
        (1, None) => Orientation::Rotate270,
        (2, None) => Orientation::Rotate180,
        (_, None) => Orientation::Rotate90,
        (0, Some(0)) | (2, Some(1)) => Orientation::FlipVertical,
        (0, Some(_)) | (2, Some(_)) => Orientation::FlipHorizontal,
        (1, Some(0)) | (3, Some(1)) => Orientation::Rotate90FlipH,
        (_, Some(_)) => Orientation::Rotate270FlipH,
    }
}

/// The payload of the first box of this name.
fn boxed<'a>(mut bytes: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    loop {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let payload = match u32::from_be_bytes(*length) {
            // To the end of the file.
            0 => rest,
            length => rest.get(..usize::try_from(length).ok()?.checked_sub(8)?)?,
        };
        if kind == name {
            return Some(payload);
        }
        bytes = rest.get(payload.len()..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_decides() {
        for (bytes, container) in [
            (&b"\0\0\0\x20ftypisom\0\0"[..], Some(Container::Mov)),
            (b"\0\0\0\x14ftypqt  ", Some(Container::Mov)),
            (b"\0\0\0\x1cftypM4A ", Some(Container::Mov)),
            (b"\0\0\0\x18ftypheic", None),
            (b"\0\0\0\x18ftypavif", None),
            (b"\x1A\x45\xDF\xA3", Some(Container::Matroska)),
            (b"OggS", Some(Container::Ogg)),
            (b"fLaC", Some(Container::Flac)),
            (b"RIFF\0\0\0\0WAVEfmt ", Some(Container::Wav)),
            (b"RIFF\0\0\0\0WEBPVP8 ", None),
            (b"ID3\x04", Some(Container::Mp3)),
            (b"\xFF\xFB\x90", Some(Container::Mp3)),
            (b"\xFF\xF1\x50", Some(Container::Aac)),
            (b"\xFF\xD8\xFF\xE0", None),
            (b"GIF89a", Some(Container::Gif)),
            (b"#EXTM3U\nhttp://peer.example/", None),
            (b"", None),
        ] {
            assert_eq!(Container::of(bytes), container, "{bytes:?}");
        }
    }

    #[test]
    fn turns_of_avif_are_read_and_nonsense_is_none() {
        let with = |properties: &[u8]| {
            let atom =
                |name: &[u8], payload: &[u8]| [&u32::try_from(payload.len() + 8).unwrap().to_be_bytes(), name, payload].concat();
            let ipco = atom(b"ipco", properties);
            let meta = [&[0; 4][..], &atom(b"hdlr", b"pict"), &atom(b"iprp", &ipco)].concat();
            [atom(b"ftyp", b"avif"), atom(b"meta", &meta)].concat()
        };
        assert_eq!(avif_turn(&with(b"\0\0\0\x09irot\x01")), Orientation::Rotate270);
        assert_eq!(avif_turn(&with(b"\0\0\0\x09imir\x01")), Orientation::FlipHorizontal);
        assert_eq!(avif_turn(&with(b"\0\0\0\x09irot\x03\0\0\0\x09imir\x00")), Orientation::Rotate270FlipH);
        for cut in 0..50 {
            let whole = with(b"\0\0\0\x09irot\x01");
            let _ = avif_turn(&whole[..cut.min(whole.len())]);
        }
        assert_eq!(avif_turn(b"\0\0\0\x01meta\0\0\0\x03iprp"), Orientation::NoTransforms);
    }
}
