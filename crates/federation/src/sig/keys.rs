//! Keys: making, reading, writing and using RSA and Ed25519 keys, with aws-lc-rs for the arithmetic.
//! A [`PublicKey`] is parsed once and verifies many times; both kinds are cheap to share behind an `Arc`.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, Ed25519KeyPair, KeyPair, ParsedPublicKey, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::multikey;

/// The smallest RSA modulus that we accept, in bytes (2,048 bits).
const MIN_RSA_BYTES: usize = 256;
/// The largest: verifying with more costs a sender nothing and us milliseconds.
const MAX_RSA_BYTES: usize = 1024;
/// PEM texts are longer than this only when somebody plays with us.
const MAX_PEM: usize = 16 * 1024;

/// Padding, line breaks and trailing bits differ from one server's PEM and base64 to the next.
pub(crate) const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// The two kinds of keys of the fediverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA of 2,048 to 8,192 bits.
    Rsa,
    /// Ed25519 (RFC 8032).
    Ed25519,
}

/// A way to sign with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: `rsa-sha256` in draft-cavage, `rsa-v1_5-sha256` in RFC 9421 §3.3.2.
    RsaV15Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-512: `rsa-sha512` in draft-cavage.
    RsaV15Sha512,
    /// RSASSA-PSS with SHA-512 and 64 bytes of salt: `rsa-pss-sha512`, RFC 9421 §3.3.1.
    RsaPssSha512,
    /// Ed25519: `ed25519`, RFC 9421 §3.3.6.
    Ed25519,
}

impl Algorithm {
    /// The kind of key that the algorithm works with.
    pub fn key_kind(self) -> KeyKind {
        match self {
            Self::RsaV15Sha256 | Self::RsaV15Sha512 | Self::RsaPssSha512 => KeyKind::Rsa,
            Self::Ed25519 => KeyKind::Ed25519,
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::RsaV15Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::RsaV15Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Self::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
            Self::Ed25519 => &signature::ED25519,
        }
    }
}

/// What can be wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The text is not a PEM block, or its base64 is broken.
    Pem,
    /// The bytes are not a key of a kind that we know.
    Unsupported,
    /// An RSA key of fewer than 2,048 or more than 8,192 bits.
    Size,
    /// The key cannot do what was asked: it is of the other kind.
    WrongKind,
    /// The library failed to make a key or a signature.
    Library,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pem => "the key is not in PEM form",
            Self::Unsupported => "the key is of a kind that is not supported",
            Self::Size => "the RSA key is shorter than 2048 or longer than 8192 bits",
            Self::WrongKind => "the key does not fit the algorithm",
            Self::Library => "the cryptographic library failed",
        })
    }
}

impl std::error::Error for KeyError {}

/// Somebody's public key, parsed once.
#[derive(Clone)]
pub struct PublicKey {
    kind: KeyKind,
    /// Parsed for the kind's usual algorithm: PKCS#1 v1.5 with SHA-256, or Ed25519.
    parsed: ParsedPublicKey,
}

impl PublicKey {
    /// Reads a PEM text: `PUBLIC KEY` (SPKI, RFC 7468 §13) or `RSA PUBLIC KEY` (PKCS#1, RFC 8017 §A.1.1).
    /// Line lengths, line ends and what stands around the block do not matter.
    ///
    /// # Errors
    /// When there is no such block, the key is of another kind, or an RSA key has a size that we refuse.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let (_, der) = decode_pem(pem)?;
        Self::from_der(&der)
    }

    /// Reads SPKI or PKCS#1 DER.
    ///
    /// # Errors
    /// As [`PublicKey::from_pem`].
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(rsa) = signature::RsaSubjectPublicKey::from_der(der) {
            if !(MIN_RSA_BYTES..=MAX_RSA_BYTES).contains(&modulus_len(rsa.as_ref())) {
                return Err(KeyError::Size);
            }
            return Self::parse(KeyKind::Rsa, Algorithm::RsaV15Sha256, der);
        }
        // A bare 32 bytes would be taken for a raw Ed25519 key: those come by `from_ed25519` only.
        if der.len() == multikey::ED25519_LEN {
            return Err(KeyError::Unsupported);
        }
        Self::parse(KeyKind::Ed25519, Algorithm::Ed25519, der)
    }

    /// Takes the 32 bytes of an Ed25519 key.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] when they are not a point of the curve.
    pub fn from_ed25519(bytes: &[u8; multikey::ED25519_LEN]) -> Result<Self, KeyError> {
        Self::parse(KeyKind::Ed25519, Algorithm::Ed25519, bytes)
    }

    /// Reads a `publicKeyMultibase` (FEP-521a): an Ed25519 key as `z6Mk…`.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for other encodings and kinds.
    pub fn from_multibase(text: &str) -> Result<Self, KeyError> {
        let bytes = multikey::decode_ed25519(text).ok_or(KeyError::Unsupported)?;
        Self::from_ed25519(&bytes)
    }

    fn parse(kind: KeyKind, algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let parsed = ParsedPublicKey::new(algorithm.verification(), bytes).map_err(|_| KeyError::Unsupported)?;
        Ok(Self { kind, parsed })
    }

    /// RSA or Ed25519.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Whether `signature` was made over `message` by the owner of this key. About 15 µs for RSA-2048 and SHA-256.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if algorithm.key_kind() != self.kind {
            return false;
        }
        match algorithm {
            Algorithm::RsaV15Sha256 | Algorithm::Ed25519 => self.parsed.verify_sig(message, signature).is_ok(),
            // Rare enough to parse the key again rather than keep it three times.
            Algorithm::RsaV15Sha512 | Algorithm::RsaPssSha512 => {
                UnparsedPublicKey::new(algorithm.verification(), self.parsed.as_ref()).verify(message, signature).is_ok()
            }
        }
    }

    /// The key as SPKI in PEM, the form of `publicKeyPem`.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the library cannot write it.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let der = self.parsed.as_der().map_err(|_| KeyError::Library)?;
        Ok(encode_pem("PUBLIC KEY", der.as_ref()))
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
            && match (self.parsed.as_der(), other.parsed.as_der()) {
                (Ok(ours), Ok(theirs)) => ours.as_ref() == theirs.as_ref(),
                _ => false,
            }
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.kind)
    }
}

/// One of our own keys. Its `Debug` form shows nothing but its kind.
pub struct PrivateKey(Secret);

enum Secret {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl PrivateKey {
    /// Makes an RSA key of 2,048 bits. Takes some 100 ms of CPU: not for an async thread.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn generate_rsa() -> Result<Self, KeyError> {
        RsaKeyPair::generate(KeySize::Rsa2048).map(|pair| Self(Secret::Rsa(pair))).map_err(|_| KeyError::Library)
    }

    /// Makes an Ed25519 key.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn generate_ed25519() -> Result<Self, KeyError> {
        Ed25519KeyPair::generate().map(|pair| Self(Secret::Ed25519(pair))).map_err(|_| KeyError::Library)
    }

    /// Reads a `PRIVATE KEY` (PKCS#8) or `RSA PRIVATE KEY` (PKCS#1) block.
    ///
    /// # Errors
    /// As [`PublicKey::from_pem`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, der) = decode_pem(pem)?;
        if label == "RSA PRIVATE KEY" {
            return RsaKeyPair::from_der(&der).map(|pair| Self(Secret::Rsa(pair))).map_err(|_| KeyError::Unsupported);
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(&der) {
            return Ok(Self(Secret::Ed25519(pair)));
        }
        RsaKeyPair::from_pkcs8(&der).map(|pair| Self(Secret::Rsa(pair))).map_err(|_| KeyError::Unsupported)
    }

    /// The key as PKCS#8 in PEM, for storing.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn to_pem(&self) -> Result<String, KeyError> {
        match &self.0 {
            Secret::Rsa(pair) => {
                let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Library)?;
                Ok(encode_pem("PRIVATE KEY", der.as_ref()))
            }
            Secret::Ed25519(pair) => {
                let der = pair.to_pkcs8v1().map_err(|_| KeyError::Library)?;
                Ok(encode_pem("PRIVATE KEY", der.as_ref()))
            }
        }
    }

    /// RSA or Ed25519.
    pub fn kind(&self) -> KeyKind {
        match &self.0 {
            Secret::Rsa(_) => KeyKind::Rsa,
            Secret::Ed25519(_) => KeyKind::Ed25519,
        }
    }

    /// The algorithm that peers expect of this kind of key.
    pub fn usual_algorithm(&self) -> Algorithm {
        match self.kind() {
            KeyKind::Rsa => Algorithm::RsaV15Sha256,
            KeyKind::Ed25519 => Algorithm::Ed25519,
        }
    }

    /// The public half.
    ///
    /// # Errors
    /// [`KeyError::Size`] for an RSA key that others would refuse.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        match &self.0 {
            Secret::Rsa(pair) => PublicKey::from_der(pair.public_key().as_ref()),
            Secret::Ed25519(pair) => PublicKey::parse(KeyKind::Ed25519, Algorithm::Ed25519, pair.public_key().as_ref()),
        }
    }

    /// The public half as `publicKeyMultibase` (FEP-521a); `None` for RSA, which is published as PEM.
    pub fn public_multibase(&self) -> Option<String> {
        match &self.0 {
            Secret::Rsa(_) => None,
            Secret::Ed25519(pair) => Some(multikey::encode_ed25519(pair.public_key().as_ref())),
        }
    }

    /// Signs `message`. About 300 µs of CPU for RSA-2048, 10 µs for Ed25519.
    ///
    /// # Errors
    /// [`KeyError::WrongKind`] when the algorithm is not for this kind of key.
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let encoding: &'static dyn signature::RsaEncoding = match algorithm {
            Algorithm::RsaV15Sha256 => &signature::RSA_PKCS1_SHA256,
            Algorithm::RsaV15Sha512 => &signature::RSA_PKCS1_SHA512,
            Algorithm::RsaPssSha512 => &signature::RSA_PSS_SHA512,
            Algorithm::Ed25519 => {
                let Secret::Ed25519(pair) = &self.0 else {
                    return Err(KeyError::WrongKind);
                };
                return pair.try_sign(message).map(|made| made.as_ref().to_vec()).map_err(|_| KeyError::Library);
            }
        };
        let Secret::Rsa(pair) = &self.0 else {
            return Err(KeyError::WrongKind);
        };
        let mut made = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut made).map_err(|_| KeyError::Library)?;
        Ok(made)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({:?})", self.kind())
    }
}

/// The bytes of an RSA modulus, read from the PKCS#1 form that the library has just written.
fn modulus_len(pkcs1: &[u8]) -> usize {
    // SEQUENCE { INTEGER n, INTEGER e }: skip the first header, read the second.
    let Some((_, content)) = der_value(pkcs1, 0x30) else {
        return 0;
    };
    let Some((length, modulus)) = der_value(content, 0x02) else {
        return 0;
    };
    length - modulus.iter().take(length).take_while(|byte| **byte == 0).count()
}

/// The length and the bytes from the value on of the DER element that `input` begins with.
fn der_value(input: &[u8], tag: u8) -> Option<(usize, &[u8])> {
    let (&found, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if found != tag {
        return None;
    }
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    if count > 3 || rest.len() < count {
        return None;
    }
    let (length, rest) = rest.split_at(count);
    Some((length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest))
}

/// The label and the bytes of the first PEM block.
fn decode_pem(pem: &str) -> Result<(&str, Vec<u8>), KeyError> {
    if pem.len() > MAX_PEM {
        return Err(KeyError::Pem);
    }
    let (_, rest) = pem.split_once("-----BEGIN ").ok_or(KeyError::Pem)?;
    let (label, rest) = rest.split_once("-----").ok_or(KeyError::Pem)?;
    let (body, _) = rest.split_once("-----END ").ok_or(KeyError::Pem)?;
    // Some servers escape the line ends of the PEM twice.
    let body: String = body.replace("\\n", "").chars().filter(|c| !c.is_whitespace()).collect();
    let der = LENIENT_BASE64.decode(body).map_err(|_| KeyError::Pem)?;
    Ok((label, der))
}

fn encode_pem(label: &str, der: &[u8]) -> String {
    let body = LENIENT_BASE64.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9421 §B.1.1, test-key-rsa, in PKCS#1.
    const RSA_PKCS1: &str = "-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAhAKYdtoeoy8zcAcR874L8cnZxKzAGwd7v36APp7Pv6Q2jdsPBRrw
WEBnez6d0UDKDwGbc6nxfEXAy5mbhgajzrw3MOEt8uA5txSKobBpKDeBLOsdJKFq
MGmXCQvEG7YemcxDTRPxAleIAgYYRjTSd/QBwVW9OwNFhekro3RtlinV0a75jfZg
kne/YiktSvLG34lw2zqXBDTC5NHROUqGTlML4PlNZS5Ri2U4aCNx2rUPRcKIlE0P
uKxI4T+HIaFpv8+rdV6eUgOrB2xeI1dSFFn/nnv5OoZJEIB+VmuKn3DCUcCZSFlQ
PSXSfBDiUGhwOw76WuSSsf1D4b/vLoJ10wIDAQAB
-----END RSA PUBLIC KEY-----
";
    /// A 1,024-bit key, as draft-cavage §C has one: too short.
    const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3
6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6
Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw
oYi+1hqp1fIekaxsyQIDAQAB
-----END PUBLIC KEY-----
";

    #[test]
    fn both_kinds_sign_store_and_verify() {
        for (key, algorithms) in [
            (
                PrivateKey::generate_rsa().unwrap(),
                &[Algorithm::RsaV15Sha256, Algorithm::RsaV15Sha512, Algorithm::RsaPssSha512][..],
            ),
            (PrivateKey::generate_ed25519().unwrap(), &[Algorithm::Ed25519][..]),
        ] {
            let stored = PrivateKey::from_pem(&key.to_pem().unwrap()).unwrap();
            assert_eq!(stored.kind(), key.kind());
            let public = PublicKey::from_pem(&key.public_key().unwrap().to_pem().unwrap()).unwrap();
            assert_eq!(public, stored.public_key().unwrap());
            for algorithm in algorithms {
                let made = stored.sign(*algorithm, b"majlis").unwrap();
                assert!(public.verify(*algorithm, b"majlis", &made));
                assert!(!public.verify(*algorithm, b"Majlis", &made));
                assert!(!public.verify(*algorithm, b"majlis", &made[1..]));
            }
        }
    }

    #[test]
    fn a_key_refuses_the_algorithms_of_the_other_kind() {
        let rsa = PrivateKey::generate_rsa().unwrap();
        let ed25519 = PrivateKey::generate_ed25519().unwrap();
        assert_eq!(rsa.sign(Algorithm::Ed25519, b"x"), Err(KeyError::WrongKind));
        assert_eq!(ed25519.sign(Algorithm::RsaV15Sha256, b"x"), Err(KeyError::WrongKind));
        let made = rsa.sign(Algorithm::RsaV15Sha256, b"x").unwrap();
        assert!(!ed25519.public_key().unwrap().verify(Algorithm::RsaV15Sha256, b"x", &made));
        assert!(!rsa.public_key().unwrap().verify(Algorithm::RsaPssSha512, b"x", &made));
    }

    #[test]
    fn pkcs1_spki_and_untidy_pem_are_the_same_key() {
        let key = PublicKey::from_pem(RSA_PKCS1).unwrap();
        assert_eq!(key.kind(), KeyKind::Rsa);
        let spki = key.to_pem().unwrap();
        assert!(spki.starts_with("-----BEGIN PUBLIC KEY-----\n"));
        let windows = spki.replace('\n', "\r\n");
        let one_line = format!("  {}", spki.replace('\n', ""));
        let escaped = spki.trim_end().replace('\n', "\\n");
        for text in [spki, windows, one_line, escaped] {
            assert_eq!(PublicKey::from_pem(&text).unwrap(), key, "{text}");
        }
    }

    #[test]
    fn short_and_foreign_keys_are_refused() {
        assert_eq!(PublicKey::from_pem(RSA_1024).unwrap_err(), KeyError::Size);
        let p256 = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf\nw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==\n-----END PUBLIC KEY-----";
        assert_eq!(PublicKey::from_pem(p256).unwrap_err(), KeyError::Unsupported);
        for text in ["", "-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----%-----END PUBLIC KEY-----", "hello"] {
            assert_eq!(PublicKey::from_pem(text).unwrap_err(), KeyError::Pem, "{text}");
        }
        assert_eq!(PublicKey::from_der(&[7; 32]).unwrap_err(), KeyError::Unsupported);
        assert!(PrivateKey::from_pem(RSA_PKCS1).is_err());
    }

    #[test]
    fn an_ed25519_key_round_trips_as_multibase() {
        let key = PrivateKey::generate_ed25519().unwrap();
        let multibase = key.public_multibase().unwrap();
        assert!(multibase.starts_with("z6Mk"));
        assert_eq!(PublicKey::from_multibase(&multibase).unwrap(), key.public_key().unwrap());
        assert!(PrivateKey::generate_rsa().unwrap().public_multibase().is_none());
    }

    #[test]
    fn nothing_secret_is_shown() {
        assert_eq!(format!("{:?}", PrivateKey::generate_ed25519().unwrap()), "PrivateKey(Ed25519)");
    }
}
