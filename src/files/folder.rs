//! Folders: what stands in them, and files that never lead out of them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::{failed, shown};
use crate::base::{Error, Result};
use crate::wire::Listing;

/// Files listed of one folder.
const MOST_FILES: usize = 10_000;
/// Names looked at in one folder and below it.
const MOST_NAMES: usize = 100_000;
/// Folders in folders.
const MOST_DEPTH: usize = 16;

/// The real path of a file below `folder`.
///
/// # Errors
/// The name leads out of the folder, by itself or through a link, or there is no such file.
pub(super) fn below(folder: &Path, name: &str) -> Result<PathBuf> {
    let out =
        || Error::input("it leads out of the folder of the document").hint("put what belongs together in one folder");
    let name = Path::new(name);
    if name.components().any(|c| !matches!(c, Component::Normal(_) | Component::CurDir)) {
        return Err(out());
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let path = folder.join(name);
    let top = fs::canonicalize(folder).map_err(|e| failed(folder, &e))?;
    // What the links lead to is what is opened.
    let real = fs::canonicalize(&path).map_err(|e| failed(&path, &e))?;
    if real.starts_with(&top) { Ok(real) } else { Err(out()) }
}

/// What stands in a folder and below it, in order of name; `None` for anything but a folder. Names with a dot in front are
/// left out, links are never followed.
pub(super) fn listing(path: &Path) -> Result<Option<Listing>> {
    match fs::metadata(path) {
        Ok(facts) if facts.is_dir() => {}
        Ok(_) => return Ok(None),
        // Said by whoever opens it, with the name that is near.
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(path, &e)),
    }
    let mut walk = Walk { listing: Listing::default(), names: 0 };
    walk.folder(path, "", 0)?;
    walk.listing.files.sort();
    Ok(Some(walk.listing))
}

struct Walk {
    listing: Listing,
    names: usize,
}

impl Walk {
    fn folder(&mut self, path: &Path, prefix: &str, depth: usize) -> Result<()> {
        let mut entries: Vec<_> = Vec::new();
        for entry in fs::read_dir(path).map_err(|e| failed(path, &e))? {
            self.names += 1;
            if self.names > MOST_NAMES {
                return self.skip(prefix, "the folder holds more than is looked through");
            }
            entries.push(entry.map_err(|e| failed(path, &e))?);
        }
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let Ok(name) = entry.file_name().into_string() else {
                self.skip(&shown(&entry.path()), "its name is not UTF-8")?;
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            let kind = entry.file_type().map_err(|e| failed(&entry.path(), &e))?;
            if kind.is_symlink() {
                self.skip(&name, "it is a link, and links are not followed")?;
            } else if kind.is_dir() {
                if depth >= MOST_DEPTH {
                    self.skip(&name, "it stands too deeply in folders")?;
                } else if let Err(e) = self.folder(&entry.path(), &name, depth + 1) {
                    self.skip(&name, &e.what)?;
                }
            } else if !kind.is_file() {
                self.skip(&name, "it is no regular file")?;
            } else if self.listing.files.len() < MOST_FILES {
                self.listing.files.push(name);
            } else {
                return self.skip(prefix, "the folder holds more files than are read; the rest were left out");
            }
        }
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "it ends a walk as well")]
    fn skip(&mut self, name: &str, why: &str) -> Result<()> {
        let why = why.to_owned();
        if self.listing.skipped.len() < MOST_FILES {
            self.listing.skipped.push((name.to_owned(), why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_leads_out_of_a_folder() {
        let outside = tempfile::tempdir().expect("folder");
        fs::write(outside.path().join("secret"), "s").expect("write");
        let folder = tempfile::tempdir().expect("folder");
        let top = folder.path();
        fs::create_dir_all(top.join("a/b")).expect("folders");
        fs::write(top.join("a/b/x.yaml"), "x").expect("write");
        fs::write(top.join(".hidden"), "x").expect("write");
        symlink(outside.path(), top.join("out")).expect("link");
        symlink(outside.path().join("secret"), top.join("a/secret")).expect("link");
        symlink(top.join("a/b/x.yaml"), top.join("inside")).expect("link");
        symlink(top, top.join("a/loop")).expect("link");
        assert!(below(top, "a/b/x.yaml").is_ok());
        assert!(below(top, "./inside").is_ok());
        for name in ["../x", "a/../../x", "/etc/passwd", "out/secret", "a/secret", "a/loop/out/secret"] {
            assert!(below(top, name).expect_err(name).what.contains("leads out"), "{name}");
        }
        assert!(below(top, "none").expect_err("none").what.contains("no such file"));
        let listing = listing(top).expect("read").expect("a folder");
        assert_eq!(listing.files, ["a/b/x.yaml"]);
        let skipped: Vec<_> = listing.skipped.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(skipped, ["a/loop", "a/secret", "inside", "out"]);
        assert_eq!(super::listing(&top.join("a/b/x.yaml")).expect("read"), None);
    }

    #[test]
    fn a_deep_folder_ends() {
        let folder = tempfile::tempdir().expect("folder");
        let deep: PathBuf =
            std::iter::once(folder.path().to_owned()).chain((0..40).map(|_| PathBuf::from("d"))).collect();
        fs::create_dir_all(&deep).expect("folders");
        fs::write(deep.join("x"), "x").expect("write");
        let listing = listing(folder.path()).expect("read").expect("a folder");
        assert_eq!((listing.files.len(), listing.skipped.len()), (0, 1));
    }
}
