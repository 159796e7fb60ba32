//! Requests over HTTP.

use crate::Failure;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

/// Time limit for every response: longer than any fault delays one.
pub(crate) const ANSWER: Duration = Duration::from_secs(20);

/// Sends requests from one address.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    server: SocketAddr,
}

impl Api {
    pub(crate) fn new(server: SocketAddr, from: Ipv4Addr) -> Result<Self, Failure> {
        let client = Client::builder()
            .local_address(IpAddr::V4(from))
            .timeout(ANSWER)
            // An idle connection would be a descriptor of the server.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self { client, server })
    }

    /// Sends a request as a page of the server does, with the cookie of a session if it is not empty.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        cookie: &str,
        body: Option<Value>,
    ) -> Result<Response, reqwest::Error> {
        let mut request = self.request(method, path);
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Result<Response, reqwest::Error> {
        self.send(Method::GET, path, cookie, None).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let server = self.server;
        self.client
            .request(method, format!("http://{server}{path}"))
            .header("origin", format!("http://{server}"))
    }
}

/// The session cookie that a response sets.
pub(crate) fn cookie(answer: &Response) -> Option<String> {
    let cookie = answer.headers().get("set-cookie")?.to_str().ok()?;
    Some(cookie.split(';').next()?.to_owned())
}

/// The response, or an error with its status and text unless it is a success.
pub(crate) async fn success(answer: Response) -> Result<Response, Failure> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let (url, status) = (answer.url().clone(), answer.status());
    Err(format!("{url}: {status} {}", answer.text().await?).into())
}
