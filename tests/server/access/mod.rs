//! Sign-in, rights on every path, and changes that reach open connections.

mod changes;
mod doors;
mod matrix;
mod oidc;
mod proxy;
mod reveal;
