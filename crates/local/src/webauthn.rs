//! Web Authentication, the server's side (WebAuthn Level 2): what a browser sends when a passkey is made and when it is used, read and
//! checked. Pure: nothing is stored here. Attestation is not asked for: whose device it is does not matter.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes of what a browser sends at the most.
const LONGEST: usize = 8_192;
/// Bytes of a credential's id (WebAuthn §4, “Credential ID”).
const CREDENTIAL_LIMIT: usize = 1_023;
/// Flags of authenticator data (§6.1): somebody was there, it was the owner, and a key is attached.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTACHED: u8 = 0x40;

/// COSE's number of ECDSA with P-256 and SHA-256.
pub const ES256: i32 = -7;
/// … of Ed25519.
pub const EDDSA: i32 = -8;
/// … of RSA (PKCS#1) with SHA-256.
pub const RS256: i32 = -257;

/// Who asks: a passkey belongs to a domain, and is used on pages of one origin.
#[derive(Debug, Clone, Copy)]
pub struct Party<'a> {
    /// The domain.
    pub id: &'a str,
    /// `https://example.org`.
    pub origin: &'a str,
}

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its id, base64url.
    pub credential: String,
    /// One of [`ES256`], [`EDDSA`] and [`RS256`].
    pub algorithm: i32,
    /// The key's numbers, base64url: the point, or modulus and exponent with a dot between them.
    pub public_key: String,
    /// How often it was used, as it counts itself; 0: it does not count.
    pub counter: u32,
}

/// What a browser sends when a key is made: base64url.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Registration {
    pub client_data: String,
    pub authenticator_data: String,
}

/// What a browser sends when a key is used: base64url.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Assertion {
    pub credential: String,
    pub client_data: String,
    pub authenticator_data: String,
    pub signature: String,
}

/// Why it is not believed; for the log.
pub type Refused = &'static str;

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// The new key of a registration (§7.1).
///
/// # Errors
/// What is wrong with it.
pub fn register(party: Party<'_>, challenge: &str, sent: &Registration) -> Result<Key, Refused> {
    check_client_data(party, "webauthn.create", challenge, &decode(&sent.client_data)?)?;
    let data = decode(&sent.authenticator_data)?;
    let (flags, counter, rest) = check_data(party, &data)?;
    if flags & ATTACHED == 0 {
        return Err("no key is attached");
    }
    // An id of the model, and the length of the credential's id.
    let rest = rest.get(16..).ok_or("too short")?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or("too short")?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length == 0 || length > CREDENTIAL_LIMIT {
        return Err("the credential's id is too long");
    }
    let (credential, key) = rest.split_at_checked(length).ok_or("too short")?;
    let (algorithm, public_key) = read_key(key)?;
    Ok(Key { credential: URL_SAFE_NO_PAD.encode(credential), algorithm, public_key, counter })
}

/// Checks that a key was used just now by its owner (§7.2), and gives back its counter.
///
/// # Errors
/// What is wrong with it.
pub fn check(party: Party<'_>, challenge: &str, key: &Key, sent: &Assertion) -> Result<u32, Refused> {
    let client_data = decode(&sent.client_data)?;
    check_client_data(party, "webauthn.get", challenge, &client_data)?;
    let data = decode(&sent.authenticator_data)?;
    let (_, counter, _) = check_data(party, &data)?;
    let mut message = data;
    message.extend_from_slice(digest(&SHA256, &client_data).as_ref());
    verify(key, &message, &decode(&sent.signature)?)?;
    // A counter that does not grow tells of a copy (§6.1.1).
    if (counter != 0 || key.counter != 0) && counter <= key.counter {
        return Err("the key's counter has not grown");
    }
    Ok(counter)
}

fn check_client_data(party: Party<'_>, kind: &str, challenge: &str, json: &[u8]) -> Result<(), Refused> {
    let data: ClientData = serde_json::from_slice(json).map_err(|_| "the client data is no JSON")?;
    if data.r#type != kind {
        return Err("it is for something else");
    }
    if data.challenge != URL_SAFE_NO_PAD.encode(challenge) {
        return Err("another challenge");
    }
    if data.origin != party.origin || data.cross_origin {
        return Err("another origin");
    }
    Ok(())
}

/// Flags, counter and what follows them.
fn check_data<'a>(party: Party<'_>, data: &'a [u8]) -> Result<(u8, u32, &'a [u8]), Refused> {
    let (domain, rest) = data.split_first_chunk::<32>().ok_or("too short")?;
    let (flags, rest) = rest.split_first().ok_or("too short")?;
    let (counter, rest) = rest.split_first_chunk::<4>().ok_or("too short")?;
    if domain != digest(&SHA256, party.id.as_bytes()).as_ref() {
        return Err("another domain");
    }
    if flags & PRESENT == 0 || flags & VERIFIED == 0 {
        return Err("the owner was not asked");
    }
    Ok((*flags, u32::from_be_bytes(*counter), rest))
}

/// A key in COSE's form (RFC 9053 §7) as it is kept.
fn read_key(bytes: &[u8]) -> Result<(i32, String), Refused> {
    let map = Cose::read(bytes)?;
    match (map.number(1), map.number(3)) {
        (Some(2), Some(-7)) if map.number(-1) == Some(1) => {
            let (x, y) = (map.bytes(-2)?, map.bytes(-3)?);
            if x.len() != 32 || y.len() != 32 {
                return Err("no point of P-256");
            }
            let point = [&[4], x, y].concat();
            Ok((ES256, URL_SAFE_NO_PAD.encode(point)))
        }
        (Some(1), Some(-8)) if map.number(-1) == Some(6) => {
            let x = map.bytes(-2)?;
            if x.len() != 32 {
                return Err("no key of Ed25519");
            }
            Ok((EDDSA, URL_SAFE_NO_PAD.encode(x)))
        }
        (Some(3), Some(-257)) => {
            let (n, e) = (map.bytes(-1)?, map.bytes(-2)?);
            if !(256..=1_024).contains(&n.len()) || e.len() > 8 {
                return Err("no key of RSA");
            }
            Ok((RS256, format!("{}.{}", URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e))))
        }
        _ => Err("a kind of key that is not known here"),
    }
}

fn verify(key: &Key, message: &[u8], signature: &[u8]) -> Result<(), Refused> {
    let wrong = |_| "the signature is wrong";
    match key.algorithm {
        ES256 => {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, decode(&key.public_key)?).verify(message, signature).map_err(wrong)
        }
        EDDSA => UnparsedPublicKey::new(&ED25519, decode(&key.public_key)?).verify(message, signature).map_err(wrong),
        RS256 => {
            let (n, e) = key.public_key.split_once('.').ok_or("a broken key")?;
            let parts = RsaPublicKeyComponents { n: decode(n)?, e: decode(e)? };
            parts.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).map_err(wrong)
        }
        _ => Err("a kind of key that is not known here"),
    }
}

fn decode(text: &str) -> Result<Vec<u8>, Refused> {
    if text.len() > LONGEST {
        return Err("too long");
    }
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| "not base64url")
}

/// A COSE key's map: numbers to numbers and byte strings (RFC 8949). Anything else ends the reading.
struct Cose<'a>(Vec<(i64, Item<'a>)>);

enum Item<'a> {
    Number(i64),
    Bytes(&'a [u8]),
}

impl<'a> Cose<'a> {
    /// Reads a map at the beginning of `bytes`. What follows (extensions) is not looked at.
    fn read(mut bytes: &'a [u8]) -> Result<Self, Refused> {
        let (kind, count) = head(&mut bytes)?;
        if kind != 5 || count > 16 {
            return Err("no key");
        }
        let mut map = Vec::new();
        for _ in 0..count {
            let Item::Number(name) = item(&mut bytes)? else { return Err("a name that is no number") };
            map.push((name, item(&mut bytes)?));
        }
        Ok(Self(map))
    }

    fn get(&self, name: i64) -> Option<&Item<'a>> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, item)| item)
    }

    fn number(&self, name: i64) -> Option<i64> {
        if let Some(Item::Number(number)) = self.get(name) { Some(*number) } else { None }
    }

    fn bytes(&self, name: i64) -> Result<&'a [u8], Refused> {
        if let Some(Item::Bytes(bytes)) = self.get(name) { Ok(bytes) } else { Err("a part of the key is missing") }
    }
}

/// The kind of an item and its number or length (RFC 8949 §3).
fn head(bytes: &mut &[u8]) -> Result<(u8, u64), Refused> {
    let (first, mut rest) = bytes.split_first().ok_or("too short")?;
    let short = first & 0x1f;
    let length = match short {
        0..=23 => 0,
        24 => 1,
        25 => 2,
        26 => 4,
        _ => return Err("a number that is too large"),
    };
    let (number, after) = rest.split_at_checked(length).ok_or("too short")?;
    rest = after;
    let number = if length == 0 { u64::from(short) } else { number.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)) };
    *bytes = rest;
    Ok((first >> 5, number))
}

fn item<'a>(bytes: &mut &'a [u8]) -> Result<Item<'a>, Refused> {
    let (kind, number) = head(bytes)?;
    let signed = i64::try_from(number).map_err(|_| "a number that is too large")?;
    match kind {
        0 => Ok(Item::Number(signed)),
        1 => Ok(Item::Number(-1 - signed)),
        2 => {
            let length = usize::try_from(number).map_err(|_| "too long")?;
            let (found, rest) = bytes.split_at_checked(length).ok_or("too short")?;
            *bytes = rest;
            Ok(Item::Bytes(found))
        }
        _ => Err("something that stands in no key"),
    }
}

/// An authenticator for tests, with an Ed25519, P-256 or RSA key of its own.
#[cfg(any(test, feature = "testing"))]
#[allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]
pub mod testing {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    };

    use super::*;

    pub struct Device {
        pair: Pair,
        pub credential: Vec<u8>,
        pub counter: u32,
        pub flags: u8,
    }

    enum Pair {
        P256(EcdsaKeyPair),
        Ed25519(Ed25519KeyPair),
        Rsa(RsaKeyPair),
    }

    impl std::fmt::Debug for Device {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Device")
        }
    }

    impl Device {
        pub fn new(algorithm: i32) -> Self {
            let pair = match algorithm {
                ES256 => Pair::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
                EDDSA => Pair::Ed25519(Ed25519KeyPair::generate().unwrap()),
                _ => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
            };
            Self { pair, credential: rand::random::<[u8; 24]>().to_vec(), counter: 0, flags: PRESENT | VERIFIED }
        }

        fn data(&self, domain: &str, flags: u8) -> Vec<u8> {
            let mut data = digest(&SHA256, domain.as_bytes()).as_ref().to_vec();
            data.push(flags);
            data.extend_from_slice(&self.counter.to_be_bytes());
            data
        }

        fn client_data(kind: &str, challenge: &str, origin: &str) -> Vec<u8> {
            let challenge = URL_SAFE_NO_PAD.encode(challenge);
            serde_json::json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false })
                .to_string()
                .into_bytes()
        }

        pub fn register(&self, party: Party<'_>, challenge: &str) -> Registration {
            let mut data = self.data(party.id, self.flags | ATTACHED);
            data.extend_from_slice(&[7; 16]);
            data.extend_from_slice(&u16::try_from(self.credential.len()).unwrap().to_be_bytes());
            data.extend_from_slice(&self.credential);
            match &self.pair {
                Pair::P256(pair) => {
                    let point = pair.public_key().as_ref();
                    data.extend_from_slice(&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32]);
                    data.extend_from_slice(&point[1..33]);
                    data.extend_from_slice(&[0x22, 0x58, 32]);
                    data.extend_from_slice(&point[33..]);
                }
                Pair::Ed25519(pair) => {
                    data.extend_from_slice(&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32]);
                    data.extend_from_slice(pair.public_key().as_ref());
                }
                Pair::Rsa(pair) => {
                    let der = pair.public_key().as_der().unwrap();
                    // The modulus stands near the end of the DER form: 257 bytes with a leading zero, then the exponent.
                    let der = der.as_ref();
                    let (modulus, exponent) = (&der[der.len() - 261..der.len() - 5], &der[der.len() - 3..]);
                    data.extend_from_slice(&[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x59, 1, 0]);
                    data.extend_from_slice(modulus);
                    data.extend_from_slice(&[0x21, 0x43]);
                    data.extend_from_slice(exponent);
                }
            }
            Registration {
                client_data: URL_SAFE_NO_PAD.encode(Self::client_data("webauthn.create", challenge, party.origin)),
                authenticator_data: URL_SAFE_NO_PAD.encode(data),
            }
        }

        pub fn sign(&mut self, party: Party<'_>, challenge: &str) -> Assertion {
            self.counter += 1;
            let (data, client_data) =
                (self.data(party.id, self.flags), Self::client_data("webauthn.get", challenge, party.origin));
            let mut message = data.clone();
            message.extend_from_slice(digest(&SHA256, &client_data).as_ref());
            let random = SystemRandom::new();
            let signature = match &self.pair {
                Pair::P256(pair) => pair.sign(&random, &message).unwrap().as_ref().to_vec(),
                Pair::Ed25519(pair) => pair.sign(&message).as_ref().to_vec(),
                Pair::Rsa(pair) => {
                    let mut signature = vec![0; pair.public_modulus_len()];
                    pair.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature).unwrap();
                    signature
                }
            };
            Assertion {
                credential: URL_SAFE_NO_PAD.encode(&self.credential),
                client_data: URL_SAFE_NO_PAD.encode(client_data),
                authenticator_data: URL_SAFE_NO_PAD.encode(data),
                signature: URL_SAFE_NO_PAD.encode(signature),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::Device;
    use super::*;

    const HOME: Party<'static> = Party { id: "majlis.example", origin: "https://majlis.example" };

    #[test]
    fn keys_of_every_kind_are_registered_and_used() {
        for algorithm in [ES256, EDDSA, RS256] {
            let mut device = Device::new(algorithm);
            let key = register(HOME, "one", &device.register(HOME, "one")).unwrap();
            assert_eq!((key.algorithm, key.counter), (algorithm, 0));
            assert_eq!(key.credential, URL_SAFE_NO_PAD.encode(&device.credential));
            assert_eq!(check(HOME, "two", &key, &device.sign(HOME, "two")), Ok(1), "{algorithm}");
        }
    }

    #[test]
    fn whatever_is_not_for_here_and_now_is_refused() {
        let mut device = Device::new(ES256);
        let key = register(HOME, "one", &device.register(HOME, "one")).unwrap();
        let elsewhere = Party { id: "evil.example", origin: "https://evil.example" };
        let look_alike = Party { origin: "https://evil.example", ..HOME };
        assert_eq!(register(HOME, "two", &device.register(HOME, "one")), Err("another challenge"));
        assert_eq!(register(HOME, "one", &device.register(look_alike, "one")), Err("another origin"));
        assert_eq!(check(HOME, "x", &key, &device.sign(elsewhere, "x")), Err("another origin"));
        assert_eq!(check(HOME, "x", &key, &device.sign(Party { id: "evil.example", ..HOME }, "x")), Err("another domain"));
        assert_eq!(check(HOME, "y", &key, &device.sign(HOME, "x")), Err("another challenge"));
        let good = device.sign(HOME, "x");
        let other = Device::new(ES256).sign(HOME, "x");
        assert_eq!(
            check(HOME, "x", &key, &Assertion { signature: other.signature, ..good.clone() }),
            Err("the signature is wrong")
        );
        let created = device.register(HOME, "x");
        let mixed = Assertion { client_data: created.client_data, ..good.clone() };
        assert_eq!(check(HOME, "x", &key, &mixed), Err("it is for something else"));
        let used = Key { counter: 100, ..key.clone() };
        assert_eq!(check(HOME, "x", &used, &good), Err("the key's counter has not grown"));
        device.flags = PRESENT;
        assert_eq!(check(HOME, "x", &key, &device.sign(HOME, "x")), Err("the owner was not asked"));
        assert_eq!(register(HOME, "one", &device.register(HOME, "one")), Err("the owner was not asked"));
    }

    #[test]
    fn rubbish_is_refused_and_nothing_breaks() {
        let device = Device::new(EDDSA);
        let whole = device.register(HOME, "one");
        let data = URL_SAFE_NO_PAD.decode(&whole.authenticator_data).unwrap();
        for length in 0..data.len() {
            let cut = Registration { authenticator_data: URL_SAFE_NO_PAD.encode(&data[..length]), ..whole.clone() };
            assert!(register(HOME, "one", &cut).is_err(), "{length}");
        }
        for at in 55..data.len() {
            for byte in [0, 0x7f, 0x9f, 0xbf, 0xff] {
                let mut changed = data.clone();
                changed[at] = byte;
                let _ =
                    register(HOME, "one", &Registration { authenticator_data: URL_SAFE_NO_PAD.encode(changed), ..whole.clone() });
            }
        }
        for text in ["", "!", "e30", &"A".repeat(9_000)] {
            assert!(register(HOME, "one", &Registration { client_data: text.into(), ..whole.clone() }).is_err(), "{text}");
        }
    }
}
