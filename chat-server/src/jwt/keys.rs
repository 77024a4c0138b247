//! The public keys of an issuer, and whether a token was signed with one of them. Pure.
//!
//! Which algorithms a key takes is for its kind to say, not for the token: so there is no `none`, and no secret that is
//! made of a public key.

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};

use super::claims::Claims;

/// The longest token that is looked at, in bytes: those of large companies, with all groups of a user, have 8 KiB.
const TOKEN_BYTES: usize = 16 * 1024;

/// The shortest modulus of an RSA key, in characters of base64url: 2,048 bits (RFC 7518, 3.3).
const RSA_CHARS_MIN: usize = 2_048_usize.div_ceil(6);

/// How many keys are taken: an issuer has one, and two or three while it changes them.
const KEYS_MAX: usize = 64;

const RSA: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// Keys that can be used.
#[derive(Debug)]
pub struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    public: DecodingKey,
}

/// Why it is not known who signed a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// It is no token, or one of a kind that is not taken.
    #[error("it is no token that could be taken")]
    NoToken,
    /// There is no such key here; the issuer may have it by now.
    #[error("it is signed with a key that is not known")]
    UnknownKey,
    /// It is not signed with the key that it names.
    #[error("the signature is not that of its key")]
    Signature,
}

impl Keys {
    /// Those of a JWK Set (RFC 7517, 5) that signatures can be verified with; others are left out.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(document: &[u8]) -> Result<Self, serde_json::Error> {
        let JwkSet { keys } = serde_json::from_slice(document)?;
        Ok(Self(keys.iter().filter_map(Key::read).take(KEYS_MAX).collect()))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What a token says, if one of the keys signed it. Whether that holds is another question.
    ///
    /// # Errors
    /// See [`Unverified`].
    pub fn verify(&self, token: &str) -> Result<Claims, Unverified> {
        if token.len() > TOKEN_BYTES {
            return Err(Unverified::NoToken);
        }
        // An algorithm that there is not, such as `none`, ends here.
        let header = decode_header(token).map_err(|_| Unverified::NoToken)?;
        if header.crit.is_some() {
            // What it says has to be understood (RFC 7515, 4.1.11), and is not.
            return Err(Unverified::NoToken);
        }
        let named = |key: &&Key| header.kid.is_none() || key.id == header.kid;
        let mut known = false;
        for key in self.0.iter().filter(named) {
            known = true;
            if let Ok(claims) = key.verify(token) {
                return Ok(claims);
            }
        }
        // Without a name it may be signed with a key that is newer than these.
        if known && header.kid.is_some() { Err(Unverified::Signature) } else { Err(Unverified::UnknownKey) }
    }
}

impl Key {
    fn read(jwk: &Jwk) -> Option<Self> {
        if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_))) {
            return None;
        }
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(rsa) if rsa.n.len() >= RSA_CHARS_MIN => RSA.to_vec(),
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                vec![Algorithm::ES256]
            }
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => {
                vec![Algorithm::ES384]
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                vec![Algorithm::EdDSA]
            }
            // Secrets, too, which a public document has none of.
            _ => return None,
        };
        if let Some(only) = jwk.common.key_algorithm {
            algorithms.retain(|algorithm| KeyAlgorithm::from(*algorithm) == only);
        }
        let public = DecodingKey::from_jwk(jwk).ok().filter(|_| !algorithms.is_empty())?;
        Some(Self { id: jwk.common.key_id.clone(), algorithms, public })
    }

    /// The claims are checked by [`Claims::check`], which is told the time.
    fn verify(&self, token: &str) -> jsonwebtoken::errors::Result<Claims> {
        let mut validation = Validation::default();
        validation.algorithms.clone_from(&self.algorithms);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        decode(token, &self.public, &validation).map(|token| token.claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515, A.2: the public part of the key, and what was signed with it.
    const RSA_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEz\
                         P1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf6\
                         3kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Zw\
                         Kh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW\
                         yuXpoQ";
    const RSA_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
        cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJ\
        dbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN\
        9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXL\
        IhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    /// RFC 7515, A.3, the same with ES256.
    const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    const EC_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
        DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    /// RFC 8037, A.4: text, not claims.
    const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn keys(keys: &[String]) -> Keys {
        Keys::read(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes()).unwrap()
    }

    fn rsa(more: &str) -> String {
        format!(r#"{{"kty":"RSA","n":"{RSA_N}","e":"AQAB"{more}}}"#)
    }

    #[test]
    fn the_examples_of_the_standard_are_verified() {
        for (key, token) in [(rsa(""), RSA_TOKEN), (EC.to_owned(), EC_TOKEN)] {
            let claims = keys(&[ED.to_owned(), key]).verify(token).unwrap();
            assert_eq!((claims.iss.as_deref(), claims.exp), (Some("joe"), Some(1_300_819_380.0)));
        }
    }

    #[test]
    fn another_key_or_another_text_is_not_verified() {
        assert_eq!(keys(&[EC.to_owned(), ED.to_owned()]).verify(RSA_TOKEN), Err(Unverified::UnknownKey));
        let keys = keys(&[rsa("")]);
        let changed = RSA_TOKEN.replacen("LA0KICJleHAi", "LA0KICJleHAj", 1);
        assert_eq!(keys.verify(&changed), Err(Unverified::UnknownKey), "it names no key");
        for none in ["", "a.b", "a.b.c", "a.b.c.d", &"x".repeat(TOKEN_BYTES + 1)] {
            assert_eq!(keys.verify(none), Err(Unverified::NoToken), "{none:.9}");
        }
    }

    #[test]
    fn what_can_verify_no_signature_is_no_key() {
        let short = format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, &RSA_N[..RSA_CHARS_MIN - 1]);
        for none in [
            rsa(r#","use":"enc""#),
            rsa(r#","alg":"RSA-OAEP""#),
            rsa(r#","alg":"ES256""#),
            rsa(r#","alg":"HS256""#),
            short,
            r#"{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}"#.to_owned(),
            r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#.to_owned(),
            r#"{"kty":"new"}"#.to_owned(),
        ] {
            assert_eq!(keys(std::slice::from_ref(&none)).count(), 0, "{none}");
        }
        assert_eq!(keys(&[rsa(r#","use":"sig","alg":"RS256""#)]).count(), 1);
        assert!(Keys::read(b"[]").is_err());
    }

    #[test]
    fn a_key_takes_the_algorithm_that_it_is_for() {
        let other = keys(&[rsa(r#","alg":"PS256""#)]);
        assert_eq!(other.verify(RSA_TOKEN), Err(Unverified::UnknownKey));
    }
}
