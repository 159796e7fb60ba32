//! The kubeconfig of the fake cluster.

use super::FakeCluster;
use serde_json::{Value, json};
use std::path::Path;

impl FakeCluster {
    /// Writes a kubeconfig to `path`, and the token to `token` next to it if one is required. Called again,
    /// it writes the present token.
    pub(crate) fn kubeconfig(&self, path: &Path) {
        let token = self.shared.world().token.clone();
        let user = match token {
            Some(token) => {
                let file = path.with_file_name("token");
                std::fs::write(&file, token).unwrap();
                json!({ "tokenFile": file })
            }
            None => json!({}),
        };
        self.write_kubeconfig(path, user);
    }

    /// Writes a kubeconfig whose user has a client certificate.
    pub(crate) fn kubeconfig_with_certificate(&self, path: &Path) {
        let folder = self.certificates.as_ref().expect("a cluster behind TLS");
        let client = folder.path().join("client");
        let user = json!({
            "client-certificate": client.join("cert.pem"), "client-key": client.join("key.pem"),
        });
        self.write_kubeconfig(path, user);
    }

    /// It is JSON, and therefore YAML.
    fn write_kubeconfig(&self, path: &Path, user: Value) {
        let mut cluster = json!({ "server": self.address() });
        if let Some(folder) = &self.certificates {
            cluster["certificate-authority"] = json!(folder.path().join("client/ca.pem"));
        }
        let config = json!({
            "kind": "Config", "apiVersion": "v1", "current-context": "test",
            "clusters": [{ "name": "test", "cluster": cluster }],
            "users": [{ "name": "deckwatch", "user": user }],
            "contexts": [{
                "name": "test",
                "context": { "cluster": "test", "user": "deckwatch", "namespace": "shop" },
            }],
        });
        std::fs::write(path, config.to_string()).unwrap();
    }
}
