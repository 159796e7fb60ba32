//! TLS configuration for engines, read from certificate files.

use std::{
    fmt::Display,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// Reads the TLS configuration for an engine: the machine's trusted authorities, in addition the one in
/// `ca.pem` of `folder`, and the client's certificate and key there. Each file is optional, but a
/// certificate and its key need one another.
///
/// # Errors
/// When an existing file cannot be used; the error names it.
pub(super) fn client_config(folder: Option<&Path>) -> io::Result<ClientConfig> {
    if let Some(missing) = folder.filter(|folder| !folder.is_dir()) {
        return Err(broken(missing, "there is no such folder"));
    }
    let file = |name| folder.map(|folder| folder.join(name));
    let exists = |path: &PathBuf| path.exists();
    let mut roots = RootCertStore::empty();
    // Unreadable system certificates are skipped.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = file("ca.pem").filter(exists) {
        for certificate in certificates(&path)? {
            roots
                .add(certificate)
                .map_err(|error| broken(&path, error))?;
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots);
    let (certificate, key) = (file("cert.pem"), file("key.pem"));
    match (certificate.filter(exists), key.filter(exists)) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(certificate), Some(key)) => {
            let private =
                PrivateKeyDer::from_pem_file(&key).map_err(|error| broken(&key, error))?;
            builder
                .with_client_auth_cert(certificates(&certificate)?, private)
                .map_err(|error| broken(&certificate, error))
        }
        (Some(alone), None) | (None, Some(alone)) => Err(broken(
            &alone,
            "cert.pem and key.pem belong together: the other one is missing",
        )),
    }
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| broken(path, error))
}

fn broken(path: &Path, error: impl Display) -> io::Error {
    let message = format!(
        "no certificate can be read from {}: {error}",
        path.display()
    );
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
