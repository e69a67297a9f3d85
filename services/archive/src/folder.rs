//! What of a store that is a folder is asked of the folder itself? What `object_store` leaves to us (syncing folders), and what a
//! thread does for many objects in the time in which each could be handed to a thread of its own.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use bytes::Bytes;
use record::digest::of_readers;
use record::{Digest, limits};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};

use crate::error::{Error, Result};
use crate::object_key;
use crate::store::{Hashed, Listed, too_large};

/// Folders in each other: of the longest keys, those in quarantine, there are eight.
const DEPTH_MAX: usize = 16;
const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// Syncs a file and every folder from it up to `root`.
pub fn sync_up(file: &Path, root: &Path) -> io::Result<()> {
    for path in file.ancestors() {
        match File::open(path) {
            Ok(opened) => opened.sync_all()?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        if path == root {
            break;
        }
    }
    Ok(())
}

/// Digests and sizes, of several files side by side.
pub fn hash(root: &Path, keys: &[String]) -> Vec<Hashed> {
    let files = keys.iter().map(|key| File::open(root.join(key)));
    keys.iter().zip(of_readers(files)).map(|(key, hashed)| if_there(key, hashed)).collect()
}

pub fn read(root: &Path, key: &str) -> Result<Option<Bytes>> {
    let read = || -> io::Result<Bytes> {
        let file = File::open(root.join(key))?;
        let size = file.metadata()?.len();
        let mut bytes = Vec::with_capacity(size.min(limits::FILE_BYTES_MAX as u64) as usize);
        file.take(limits::FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    };
    match if_there(key, read())? {
        Some(bytes) if bytes.len() > limits::FILE_BYTES_MAX => Err(too_large(key, bytes.len() as u64)),
        read => Ok(read),
    }
}

fn if_there<T>(key: &str, found: io::Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::unavailable(key, error)),
    }
}

/// Every object whose key begins with this folder. None where something else stands there than a listing by `object_store` would tell
/// of in the same words, or something cannot be read: that listing asks for each file five times, by its whole path.
pub fn list(root: &Path, prefix: &str) -> Option<Vec<Listed>> {
    let mut all = Vec::new();
    walk(root, prefix, &mut |key, size| {
        all.push(Listed { key: key.to_owned(), size });
        Some(())
    })?;
    Some(all)
}

/// The objects of a family that are named by their digests, with their sizes. None where there is anything else, too.
pub fn sealed(root: &Path, family: &str) -> Option<HashMap<Digest, u64>> {
    let mut sizes = HashMap::new();
    walk(root, family, &mut |key, size| {
        let digest = Digest::from_hex(key.rsplit('/').next()?).ok()?;
        sizes.insert(digest, size);
        (object_key(family, &digest) == key).then_some(())
    })?;
    Some(sizes)
}

/// Tells keys and sizes, as long as it is answered.
fn walk(root: &Path, prefix: &str, tell: &mut impl FnMut(&str, u64) -> Option<()>) -> Option<()> {
    let folder = openat(CWD, root.join(prefix), FOLDER, Mode::empty()).ok()?;
    within(folder, &mut prefix.to_owned(), DEPTH_MAX, tell)
}

/// Each name is asked for in the folder that is open already: from the root on, the kernel would go all the way for each of them.
fn within(
    folder: OwnedFd,
    key: &mut String,
    deeper: usize,
    tell: &mut impl FnMut(&str, u64) -> Option<()>,
) -> Option<()> {
    let mut entries = Dir::new(folder).ok()?;
    while let Some(entry) = entries.read() {
        let entry = entry.ok()?;
        let (name, before) = (entry.file_name(), key.len());
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        key.push('/');
        key.push_str(name.to_str().ok().filter(|name| is_plain(name))?);
        let here = entries.fd().ok()?;
        let about = || statat(here, name, AtFlags::SYMLINK_NOFOLLOW).ok();
        let kind = match entry.file_type() {
            // Not every file system says it in its folders.
            FileType::Unknown => FileType::from_raw_mode(about()?.st_mode),
            kind => kind,
        };
        match kind {
            FileType::Directory => {
                let folder = openat(here, name, FOLDER, Mode::empty()).ok()?;
                within(folder, key, deeper.checked_sub(1)?, tell)?;
            }
            FileType::RegularFile => tell(key, about()?.st_size.try_into().ok()?)?,
            _ => return None,
        }
        key.truncate(before);
    }
    Some(())
}

/// Names that are the same as a key and as a file; those of files that are not finished have a `#`.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use futures::TryStreamExt as _;

    use super::*;
    use crate::{BLOBS, StoreAddress};

    /// A family of two objects in a folder, and where one of them lies.
    fn family(folder: &Path) -> std::path::PathBuf {
        for bytes in [b"one".as_slice(), b"another"] {
            let file = folder.join(object_key(BLOBS, &Digest::of(bytes)));
            fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
            fs::write(file, bytes).expect("a file");
        }
        folder.join(object_key(BLOBS, &Digest::of(b"one")))
    }

    #[test]
    fn names_and_sizes_are_told_where_nothing_else_is_there() {
        let place = tempfile::tempdir().expect("a folder");
        assert_eq!(sealed(place.path(), BLOBS), None);
        family(place.path());
        let sizes = HashMap::from([(Digest::of(b"one"), 3), (Digest::of(b"another"), 7)]);
        assert_eq!(sealed(place.path(), BLOBS), Some(sizes));
    }

    #[tokio::test]
    async fn a_listing_is_the_same_by_whichever_way() {
        let place = tempfile::tempdir().expect("a folder");
        let file = family(place.path());
        let store =
            StoreAddress::parse(&place.path().to_string_lossy(), Vec::new()).and_then(|address| address.connect());
        let store = store.expect("a store");
        let sorted = |mut all: Vec<Listed>| {
            all.sort_by(|one, other| one.key.cmp(&other.key));
            all.into_iter().map(|listed| (listed.key, listed.size)).collect::<Vec<_>>()
        };
        for spoil in ["", "x001.p", "what is this", "123#1", "again.#7"] {
            if !spoil.is_empty() {
                fs::write(file.with_file_name(spoil), spoil).expect("a file");
            }
            let theirs = store.list("blobs").try_collect().await.expect("listed");
            let ours = store.list_all("blobs").await.expect("listed");
            assert_eq!(list(place.path(), "blobs").is_some(), ["", "x001.p"].contains(&spoil), "{spoil}");
            assert_eq!(sorted(ours), sorted(theirs), "{spoil}");
        }
        assert!(store.list_all("elsewhere").await.expect("listed").is_empty());
    }

    #[test]
    fn whatever_else_is_there_is_left_to_a_listing() {
        let other = Digest::of(b"other").hex();
        type Spoil<'a> = &'a dyn Fn(&Path, &Path) -> io::Result<()>;
        let spoils: [(&str, Spoil<'_>); 8] = [
            ("a file above", &|family, _| fs::write(family.join("notes"), "")),
            ("a file between", &|_, file| fs::write(file.ancestors().nth(2).expect("a folder").join("notes"), "")),
            ("a file beside", &|_, file| fs::write(file.with_file_name("notes"), "")),
            ("a digest elsewhere", &|_, file| fs::write(file.with_file_name(&other), "")),
            ("other letters", &|_, file| {
                fs::rename(file, file.with_file_name(Digest::of(b"one").hex().to_uppercase()))
            }),
            ("what was not finished", &|_, file| fs::rename(file, file.with_extension("#1"))),
            ("a folder in its place", &|_, file| {
                fs::remove_file(file)
                    .and_then(|()| fs::create_dir(file))
                    .and_then(|()| fs::write(file.join("notes"), ""))
            }),
            ("a link", &|_, file| {
                let there = file.with_file_name("there");
                fs::rename(file, &there).and_then(|()| std::os::unix::fs::symlink(&there, file))?;
                fs::remove_file(there)
            }),
        ];
        for (what, spoil) in spoils {
            let place = tempfile::tempdir().expect("a folder");
            let file = family(place.path());
            spoil(&place.path().join(BLOBS), &file).expect(what);
            assert_eq!(sealed(place.path(), BLOBS), None, "{what}");
        }
    }
}
