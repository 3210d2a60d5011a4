//! The keys of a local actor: RSA-2048 for HTTP signatures, Ed25519 for object proofs (FEP-521a).
//! Making one takes tens of milliseconds: never do it on a database thread.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as Rsa, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};

/// A new actor's keys.
#[derive(Clone)]
pub struct KeyPair {
    /// SPKI, PEM.
    pub public_pem: String,
    /// PKCS#8, PEM.
    pub private_pem: String,
    /// The 32 raw bytes, base64.
    pub ed25519_public: String,
    /// PKCS#8, base64.
    pub ed25519_private: String,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("public_pem", &self.public_pem).finish_non_exhaustive()
    }
}

impl KeyPair {
    /// Makes new keys.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> Result<Self> {
        let failed = |_| Error::internal("cannot generate keys");
        let rsa = Rsa::generate(KeySize::Rsa2048).map_err(failed)?;
        let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&rsa).map_err(failed)?;
        let public = AsDer::<PublicKeyX509Der<'_>>::as_der(rsa.public_key()).map_err(failed)?;
        let ed25519 = Ed25519KeyPair::generate().map_err(failed)?;
        let ed25519_pkcs8 = ed25519.to_pkcs8().map_err(failed)?;
        Ok(Self {
            public_pem: pem("PUBLIC KEY", public.as_ref()),
            private_pem: pem("PRIVATE KEY", private.as_ref()),
            ed25519_public: STANDARD.encode(ed25519.public_key().as_ref()),
            ed25519_private: STANDARD.encode(ed25519_pkcs8.as_ref()),
        })
    }
}

/// RFC 7468: 64 characters a line.
fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut out = String::with_capacity(encoded.len() + encoded.len() / 64 + 64);
    out.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_pem_and_differ() {
        let (a, b) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        assert!(a.public_pem.starts_with("-----BEGIN PUBLIC KEY-----\n") && a.public_pem.ends_with("-----END PUBLIC KEY-----\n"));
        assert!(a.private_pem.lines().all(|l| l.len() <= 64));
        assert_ne!(a.private_pem, b.private_pem);
        assert_eq!(STANDARD.decode(&a.ed25519_public).unwrap().len(), 32);
    }
}
