//! Signs tokens of this login for other services.

use std::fmt;

use hubbub_protocol::{Timestamp, User, limits::SIGNED_TOKEN_LIFETIME};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode,
    errors::Error,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use serde::Serialize;

/// Text that is no key to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no private key of Ed25519 or P-256 in PKCS #8, as PEM")]
pub struct InvalidKey;

/// Signs in the name of an issuer.
pub struct Signer {
    issuer: String,
    key: EncodingKey,
    header: Header,
    published: JwkSet,
}

/// What is said of a user (RFC 7519, 4.1).
#[derive(Serialize)]
struct Signed<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    name: &'a str,
    iat: i64,
    exp: i64,
}

impl Signer {
    /// With the first of these keys, in PEM. The public parts of all are published, so that a key can be known
    /// everywhere before it signs, and for as long as what it signed is good.
    ///
    /// # Errors
    /// The first that is no key, counted from 0; without any key 0.
    pub fn new(issuer: String, pems: &[String]) -> Result<Self, (usize, InvalidKey)> {
        let read = |(index, pem): (usize, &String)| read(pem.as_bytes()).map_err(|invalid| (index, invalid));
        let keys = pems.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
        let published = JwkSet { keys: keys.iter().map(|(.., public)| public.clone()).collect() };
        let (key, algorithm, public) = keys.into_iter().next().ok_or((0, InvalidKey))?;
        let header = Header { kid: public.common.key_id, ..Header::new(algorithm) };
        Ok(Self { issuer, key, header, published })
    }

    /// A token that says to `audience` who `user` is, and when it ends: after [`SIGNED_TOKEN_LIFETIME`]. Nobody can take
    /// it back.
    ///
    /// # Errors
    /// A defect: the key was tried when it was read.
    pub fn sign(&self, user: &User, audience: &str, now: Timestamp) -> Result<(String, Timestamp), Error> {
        let seconds = |time: Timestamp| time.as_unix_millis().div_euclid(1_000);
        let expires = Timestamp::from_unix_millis(seconds(now + SIGNED_TOKEN_LIFETIME) * 1_000);
        let signed = Signed {
            iss: &self.issuer,
            aud: audience,
            sub: user.id.to_string(),
            name: user.name.as_str(),
            iat: seconds(now),
            exp: seconds(expires),
        };
        Ok((encode(&self.header, &signed, &self.key)?, expires))
    }

    /// The public keys, as a JWK Set (RFC 7517).
    pub fn published(&self) -> &JwkSet {
        &self.published
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("issuer", &self.issuer)
            .field("kid", &self.header.kid)
            .finish_non_exhaustive()
    }
}

/// A key, the one algorithm that it signs by, and its public part, which is named by its thumbprint (RFC 7638).
fn read(pem: &[u8]) -> Result<(EncodingKey, Algorithm, Jwk), InvalidKey> {
    let ed = EncodingKey::from_ed_pem(pem).map(|key| (key, Algorithm::EdDSA));
    let ec = || EncodingKey::from_ec_pem(pem).map(|key| (key, Algorithm::ES256));
    let (key, algorithm) = ed.or_else(|_| ec()).map_err(|_| InvalidKey)?;
    let mut public = Jwk::from_encoding_key(&key, algorithm).map_err(|_| InvalidKey)?;
    if matches!(&public.algorithm, AlgorithmParameters::EllipticCurve(key) if key.curve != EllipticCurve::P256)
    {
        return Err(InvalidKey);
    }
    public.common.key_id = Some(public.thumbprint(ThumbprintHash::SHA256).map_err(|_| InvalidKey)?);
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok((key, algorithm, public))
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::{UserId, UserName};

    use super::*;
    use crate::jwt::{
        claims::Expected,
        keys::{Keys, Unverified},
    };

    /// RFC 8410, 10.3.
    const ED: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";

    /// The key of RFC 7515, A.3, in PKCS #8.
    const EC: &str = "-----BEGIN PRIVATE KEY-----\n\
        MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCCOmxCecZCYv5gEh98f\n\
        XXfpyylgbr7SJjtfV8IT34T0sg==\n\
        -----END PRIVATE KEY-----\n";

    fn signer(pems: &[&str]) -> Result<Signer, (usize, InvalidKey)> {
        let pems: Vec<_> = pems.iter().map(|&pem| pem.to_owned()).collect();
        Signer::new("https://a.example.org".to_owned(), &pems)
    }

    fn published(signer: &Signer) -> Keys {
        Keys::read(&serde_json::to_vec(signer.published()).unwrap()).unwrap()
    }

    #[test]
    fn what_is_signed_is_verified_with_what_is_published() {
        let ada = User { id: UserId::random(), name: UserName::parse("Ada").unwrap() };
        let now = Timestamp::from_unix_millis(1_769_846_709_042);
        for pems in [[ED, EC], [EC, ED]] {
            let signer = signer(&pems).unwrap();
            let (token, expires) = signer.sign(&ada, "chat", now).unwrap();
            let claims = published(&signer).verify(&token).unwrap();
            let expected =
                Expected { issuer: "https://a.example.org".to_owned(), audience: "chat".to_owned() };
            let vouched = claims.check(&expected, now).unwrap();
            assert_eq!(vouched.user, ada);
            assert_eq!(expires, Timestamp::from_unix_millis(1_769_846_709_000) + SIGNED_TOKEN_LIFETIME);
        }
    }

    #[test]
    fn the_first_key_signs_and_all_are_published() {
        let (one, both) = (signer(&[ED]).unwrap(), signer(&[EC, ED]).unwrap());
        let ada = User { id: UserId::random(), name: UserName::parse("Ada").unwrap() };
        let now = Timestamp::from_unix_millis(0);
        let old = one.sign(&ada, "chat", now).unwrap().0;
        let new = both.sign(&ada, "chat", now).unwrap().0;
        assert!(published(&both).verify(&old).is_ok(), "while keys are changed");
        assert_eq!(published(&one).verify(&new), Err(Unverified::UnknownKey));
        let secrets = serde_json::to_string(both.published()).unwrap();
        assert!(!secrets.contains("\"d\""), "{secrets}");
    }

    #[test]
    fn what_is_no_key_is_named() {
        assert_eq!(signer(&[]).unwrap_err(), (0, InvalidKey));
        assert_eq!(signer(&[ED, "-----BEGIN PUBLIC KEY-----\n"]).unwrap_err(), (1, InvalidKey));
    }
}
