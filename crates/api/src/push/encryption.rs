//! The encryption of a push message for one app: RFC 8291 (`aes128gcm`), or the fourth draft of it (`aesgcm`), which apps
//! read that do not ask for the standard.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};

/// Bytes of an uncompressed point of P-256.
const POINT: usize = 65;
/// Bytes of the secret that the app and we share (RFC 8291 §3.2).
const SECRET: usize = 16;
const SALT: usize = 16;
/// Bytes of a record: the whole message is one (RFC 8291 §4).
const RECORD: u32 = 4_096;

/// How a message is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 8291.
    Aes128Gcm,
    /// draft-ietf-webpush-encryption-04.
    AesGcm,
}

/// An encrypted message, with what the draft puts into header fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encrypted {
    /// The body to be sent.
    pub body: Vec<u8>,
    /// What was mixed in, base64url.
    pub salt: String,
    /// Our public key of this message, base64url.
    pub public_key: String,
}

/// An app's public key, as it sends it.
pub fn subscriber_key(text: &str) -> Option<Vec<u8>> {
    let bytes = decode(text)?;
    let is_point = bytes.len() == POINT && bytes.first() == Some(&4) && point(&bytes).is_ok();
    is_point.then_some(bytes)
}

/// An app's secret, as it sends it.
pub fn secret(text: &str) -> Option<Vec<u8>> {
    decode(text).filter(|bytes| bytes.len() == SECRET)
}

/// A point that is on the curve.
fn point(bytes: &[u8]) -> Result<ParsedPublicKey, Unspecified> {
    ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, bytes)).map_err(|_| Unspecified)
}

/// Base64 of either alphabet, padded or not: apps send all of them.
fn decode(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);
    if text.len() > 256 {
        return None;
    }
    let url_safe: String = text
        .trim()
        .chars()
        .map(|c| {
            if c == '+' {
                '-'
            } else if c == '/' {
                '_'
            } else {
                c
            }
        })
        .collect();
    ENGINE.decode(url_safe).ok()
}

/// Encrypts a message for an app.
///
/// # Errors
/// When the key is none, or the system gives no randomness.
pub fn encrypt(message: &[u8], coding: Coding, subscriber: &[u8], secret: &[u8]) -> Result<Encrypted, Unspecified> {
    let mut salt = [0; SALT];
    SystemRandom::new().fill(&mut salt)?;
    seal(message, coding, subscriber, secret, &PrivateKey::generate(&ECDH_P256)?, salt)
}

fn seal(
    message: &[u8],
    coding: Coding,
    subscriber: &[u8],
    secret: &[u8],
    own: &PrivateKey,
    salt: [u8; SALT],
) -> Result<Encrypted, Unspecified> {
    let public = own.compute_public_key()?;
    let public = public.as_ref();
    let key = point(subscriber)?;
    let shared = agree(own, key, Unspecified, |shared| Ok(Salt::new(HKDF_SHA256, secret).extract(shared)))?;
    let (text, nonce, padded) = match coding {
        Coding::Aes128Gcm => {
            let input: [u8; 32] = expand(&shared, &[b"WebPush: info\0", subscriber, public])?;
            let mixed = Salt::new(HKDF_SHA256, &salt).extract(&input);
            let key: [u8; 16] = expand(&mixed, &[b"Content-Encoding: aes128gcm\0"])?;
            let nonce: [u8; 12] = expand(&mixed, &[b"Content-Encoding: nonce\0"])?;
            // The mark of the last record.
            (key, nonce, [message, &[2]].concat())
        }
        Coding::AesGcm => {
            let input: [u8; 32] = expand(&shared, &[b"Content-Encoding: auth\0"])?;
            let mixed = Salt::new(HKDF_SHA256, &salt).extract(&input);
            let length = [0, POINT as u8];
            let context: [&[u8]; 5] = [b"P-256\0", &length, subscriber, &length, public];
            let with = |name: &'static [u8]| [&[name], context.as_slice()].concat();
            let key: [u8; 16] = expand(&mixed, &with(b"Content-Encoding: aesgcm\0"))?;
            let nonce: [u8; 12] = expand(&mixed, &with(b"Content-Encoding: nonce\0"))?;
            // The length of a padding that is not there.
            (key, nonce, [&[0, 0], message].concat())
        }
    };
    let mut sealed = padded;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &text)?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)?;
    let body = match coding {
        Coding::Aes128Gcm => [&salt[..], &RECORD.to_be_bytes(), &[POINT as u8], public, &sealed].concat(),
        Coding::AesGcm => sealed,
    };
    Ok(Encrypted { body, salt: URL_SAFE_NO_PAD.encode(salt), public_key: URL_SAFE_NO_PAD.encode(public) })
}

/// So many bytes of HKDF's output.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(from: &Prk, info: &[&[u8]]) -> Result<[u8; N], Unspecified> {
    let mut out = [0; N];
    from.expand(info, Length(N))?.fill(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// Keys, secret and salt are those of RFC 8291, appendix A; what comes of them by the draft was computed with http-ece,
    /// which browsers' services test against.
    #[test]
    fn the_example_of_the_standard_and_the_same_by_the_draft() {
        let own = PrivateKey::from_private_key(&ECDH_P256, &bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")).unwrap();
        let subscriber =
            subscriber_key("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4").unwrap();
        let auth = secret("BTBZMqHH6r4Tts7J_aSIgg").unwrap();
        let text = b"When I grow up, I want to be a watermelon";
        let made = |coding| {
            let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
            seal(text, coding, &subscriber, &auth, &own, salt).unwrap()
        };
        assert_eq!(
            URL_SAFE_NO_PAD.encode(made(Coding::Aes128Gcm).body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_\
             yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
        let draft = made(Coding::AesGcm);
        assert_eq!(
            URL_SAFE_NO_PAD.encode(&draft.body),
            "4qwOLFm_mNy0vf1A8f3Bm6B5UD15y3aV_xZy14pixUhcPTIoZKHzq5i3dZ6PzqSMxBI_-VDUZ4jW04M"
        );
        assert_eq!(draft.salt, "DGv6ra1nlYgDCS1FRnbzlw");
        assert_eq!(draft.public_key, "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
    }

    #[test]
    fn keys_come_in_every_base64_and_wrong_ones_are_refused() {
        let key = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let padded = format!("{}=", key.replace('-', "+").replace('_', "/"));
        assert_eq!(subscriber_key(&padded), subscriber_key(key));
        assert!(subscriber_key(key).is_some() && secret("BTBZMqHH6r4Tts7J/aSIgg==").is_some());
        let off_the_curve = URL_SAFE_NO_PAD.encode([&[4_u8][..], &[7; 64]].concat());
        for wrong in ["", "x", "BTBZMqHH6r4Tts7J_aSIgg", off_the_curve.as_str(), &"A".repeat(4_000)] {
            assert_eq!(subscriber_key(wrong), None, "{wrong}");
        }
        assert_eq!(secret("AAAA"), None);
    }
}
