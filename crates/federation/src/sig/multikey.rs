//! Ed25519 keys as multibase text (FEP-521a `publicKeyMultibase`, `z6Mk…`): base58btc over a two-byte prefix and the key.
//! Only this one kind is read: RSA keys travel as PEM.

/// Bytes of an Ed25519 public key.
pub const ED25519_LEN: usize = 32;
/// The multicodec `ed25519-pub`, 0xed as a varint.
const ED25519_PREFIX: [u8; 2] = [0xed, 0x01];
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// A 34-byte value has at most 47 digits; anything longer is not such a key.
const MAX_DIGITS: usize = 48;

/// Writes an Ed25519 public key as multibase text.
pub fn encode_ed25519(key: &[u8]) -> String {
    let mut bytes = ED25519_PREFIX.to_vec();
    bytes.extend_from_slice(key);
    format!("z{}", encode_base58(&bytes))
}

/// Reads an Ed25519 public key from multibase text; `None` for every other kind or encoding.
pub fn decode_ed25519(text: &str) -> Option<[u8; ED25519_LEN]> {
    let bytes = decode_base58(text.strip_prefix('z')?)?;
    bytes.strip_prefix(&ED25519_PREFIX)?.try_into().ok()
}

fn encode_base58(bytes: &[u8]) -> String {
    // Digits in base 58, the smallest first.
    let mut digits: Vec<u8> = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut text = "1".repeat(zeros);
    text.extend(digits.iter().rev().map(|digit| char::from(ALPHABET[usize::from(*digit)])));
    text
}

fn decode_base58(text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_DIGITS {
        return None;
    }
    // Bytes, the smallest first.
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for character in text.bytes() {
        let mut carry = ALPHABET.iter().position(|have| *have == character)? as u32;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push((carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    bytes.extend(text.bytes().take_while(|character| *character == b'1').map(|_| 0));
    bytes.reverse();
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base58_agrees_with_known_values() {
        assert_eq!(encode_base58(b"Hello World!"), "2NEpo7TZRRrLZSi2U");
        assert_eq!(encode_base58(&[0, 0, 0x28, 0x7f, 0xb4, 0xcd]), "11233QC4");
        assert_eq!(decode_base58("11233QC4").unwrap(), [0, 0, 0x28, 0x7f, 0xb4, 0xcd]);
    }

    #[test]
    fn other_encodings_and_kinds_are_refused() {
        for text in ["", "z", "m7QEx", "z0OIl", "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme", "z6Mk"] {
            assert_eq!(decode_ed25519(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_key_comes_back(key: [u8; 32]) {
            prop_assert_eq!(decode_ed25519(&encode_ed25519(&key)), Some(key));
        }

        #[test]
        fn no_text_panics(text in ".{0,64}") {
            let _ = decode_ed25519(&text);
        }
    }
}
