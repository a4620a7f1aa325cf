//! The data folder: only we may read it, and only one of us at a time.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::auth::signed::Signer;

/// Makes the folder, or checks that nobody else may read it, and takes the lock in it. Whoever
/// holds the answer has the folder to themselves.
///
/// # Errors
/// The folder is open to others, or another process has it.
pub fn open_folder(folder: &Path) -> io::Result<File> {
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    let open = fs::metadata(folder)?.permissions().mode() & 0o077 != 0;
    if open && fs::read_dir(folder)?.next().is_none() {
        // Somebody made it for us a moment ago: there is nothing in it that anybody could have read.
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    } else if open {
        return Err(io::Error::other(format!(
            "{} can be read by others: chmod 700 {}",
            folder.display(),
            folder.display()
        )));
    }
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(folder.join("lock"))?;
    lock.try_lock().map_err(|_| {
        io::Error::other(format!(
            "another dormer runs on {}: stop it, or give this one another --data",
            folder.display()
        ))
    })?;
    Ok(lock)
}

/// Writes a file that only we may read, whole or not at all.
///
/// # Errors
/// The folder cannot be written.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// The Ed25519 key pair in a file that only we may read, made where there is none.
///
/// # Errors
/// The file cannot be read or written, or holds something else.
pub fn signer(path: &Path) -> io::Result<Signer> {
    if !path.exists() {
        write_private(path, &Signer::generate().map_err(io::Error::other)?)?;
    }
    Signer::new(fs::read(path)?)
        .map_err(|_| io::Error::other(format!("{} is not a key", path.display())))
}

/// The 32 random bytes in a file that only we may read, made where there is none.
///
/// # Errors
/// The file cannot be read or written, or is not 32 bytes long.
pub fn key(path: &Path) -> io::Result<[u8; 32]> {
    if !path.exists() {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
        write_private(path, &key)?;
    }
    let key = fs::read(path)?;
    key.try_into().map_err(|_| io::Error::other(format!("{} is not a key", path.display())))
}
