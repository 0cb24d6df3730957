//! The key under which callers' keys are sealed: the operator's, or one that is made once and kept in the data directory.
//!
//! Invariant: the file holds a whole key and is its owner's alone, from the moment it has its name.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use ambient::Entropy;
use anyhow::Context;
use data_encoding::BASE64;
use vault::{Sealer, Secret};

use crate::data_dir::DataDir;

const FILE: &str = "sealing.key";

/// The sealer under `given`, or else under the key of the data directory.
pub(crate) fn sealer(given: Option<&Secret>, data: &DataDir, entropy: &Entropy) -> anyhow::Result<Sealer> {
    if let Some(given) = given {
        return Sealer::from_text(given, entropy.clone()).context(
            "MULTITASK_SEALING_KEY is no key: give 32 bytes in base64 or hexadecimal, or a text of at least 32 characters",
        );
    }
    let path = data.file(FILE);
    let key =
        kept(&path, entropy).with_context(|| format!("the sealing key {} cannot be kept", path.display()))?;
    Sealer::from_text(&key, entropy.clone()).with_context(|| {
        format!("{} holds no key: what was sealed with it is lost if it cannot be restored", path.display())
    })
}

/// The key in this file, which is made where it is absent.
fn kept(path: &Path, entropy: &Entropy) -> io::Result<Secret> {
    match fs::read_to_string(path) {
        Ok(text) => return Ok(Secret::new(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let text = BASE64.encode(&entropy.bytes::<32>());
    let fresh = path.with_extension("new");
    let mut file = private(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    Ok(Secret::new(text))
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> (tempfile::TempDir, DataDir) {
        let root = tempfile::tempdir().unwrap();
        let data = DataDir::open(&root.path().join("state")).unwrap();
        (root, data)
    }

    #[test]
    fn a_key_is_made_once_and_opens_what_it_sealed_before() {
        let (_root, data) = data();
        let entropy = Entropy::system();
        let sealed = sealer(None, &data, &entropy).unwrap().seal(&Secret::new("key"), "unit");
        let opened = sealer(None, &data, &entropy).unwrap().open(&sealed, "unit").unwrap();
        assert_eq!(opened, Secret::new("key"));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (_root, data) = data();
        sealer(None, &data, &Entropy::system()).unwrap();
        assert_eq!(fs::metadata(data.file(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_operators_key_leaves_no_file_and_a_short_one_is_refused() {
        let (_root, data) = data();
        let given = Secret::new("thirty-two characters are enough.");
        sealer(Some(&given), &data, &Entropy::system()).unwrap();
        assert!(!data.file(FILE).exists());
        let refused = sealer(Some(&Secret::new("short")), &data, &Entropy::system());
        assert!(refused.unwrap_err().to_string().contains("MULTITASK_SEALING_KEY"));
    }

    #[test]
    fn a_damaged_file_is_named_and_not_replaced() {
        let (_root, data) = data();
        fs::write(data.file(FILE), "damaged").unwrap();
        let refused = sealer(None, &data, &Entropy::system()).unwrap_err().to_string();
        assert!(refused.contains(FILE), "{refused}");
        assert_eq!(fs::read_to_string(data.file(FILE)).unwrap(), "damaged");
    }
}
