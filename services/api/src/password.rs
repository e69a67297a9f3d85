//! How are secrets drawn, kept and compared? Passwords as Argon2id (RFC 9106) in PHC form,
//! with the crate's defaults (19 MiB, two passes, as OWASP recommends); tokens and session
//! cookies as SHA-256 of 256 random bits.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use record::Digest;

/// Bytes of a password; the lower bound is NIST SP 800-63B's, the upper one keeps hashing cheap.
pub const LENGTH: std::ops::RangeInclusive<usize> = 12..=256;

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has {} to {} bytes", LENGTH.start(), LENGTH.end())]
    Length,
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// Slow on purpose (tens of milliseconds): call it on a blocking thread.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    if !LENGTH.contains(&password.len()) {
        return Err(PasswordError::Length);
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| PasswordError::Hash(error.to_string()))
}

/// Whether `password` is the one behind `hash`. With no hash the answer is no, after the same
/// work: the time an answer takes does not tell which log-in names exist.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$Y2hhcnRyb29tLW5vYm9keQ$3vTWZHk1jxhRB5HtpGQtp1mBLPwzoA0MZ8TCKJqJKUs";
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else {
        return false;
    };
    let fits = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    fits && hash.is_some()
}

/// 256 random bits as text, for tokens, cookies and one-time passwords.
pub fn secret() -> Result<String, PasswordError> {
    Ok(URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// 128 random bits as 32 hex digits, for the salt of sealed records.
pub fn salt() -> Result<String, PasswordError> {
    Ok(random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

pub fn random<const N: usize>() -> Result<[u8; N], PasswordError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// What is stored of a token or cookie.
pub fn stored(secret: &str) -> Digest {
    Digest::of(secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash = hash("correct horse battery").expect("long enough");
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify("correct horse battery", Some(&hash)));
        assert!(!verify("correct horse batterz", Some(&hash)));
        assert!(!verify("correct horse battery", None));
        assert!(matches!(super::hash("short"), Err(PasswordError::Length)));
    }

    #[test]
    fn secrets_differ() {
        let (one, two) = (secret().expect("random"), secret().expect("random"));
        assert_ne!(one, two);
        assert_eq!(one.len(), 43);
        assert_eq!(salt().expect("random").len(), 32);
    }
}
