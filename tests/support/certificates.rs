//! Certificates for TLS servers of the tests and their clients.

use std::{path::Path, process::Command};

/// Creates a certificate authority in `ca`, and certificates signed by it in `server` and `client`.
const CERTIFICATES: &str = r#"
set -e
key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
mkdir -p server client
key ca-key.pem
openssl req -x509 -new -key ca-key.pem -days 2 -subj "/CN=test authority" -out server/ca.pem \
  -addext basicConstraints=critical,CA:TRUE 2>/dev/null
cp server/ca.pem client/ca.pem
for side in server client; do
  key "$side/key.pem"
  openssl req -new -key "$side/key.pem" -subj "/CN=$side" -out "$side.csr" 2>/dev/null
  printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=%sAuth\n' "$side" >"$side.ext"
  openssl x509 -req -in "$side.csr" -CA server/ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 \
    -extfile "$side.ext" -out "$side/cert.pem" 2>/dev/null
done
"#;

pub(crate) fn make_certificates(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let made = Command::new("bash")
        .args(["-c", CERTIFICATES])
        .current_dir(folder)
        .status();
    assert!(made.unwrap().success(), "openssl makes no certificates");
}
