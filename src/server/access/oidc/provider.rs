//! The provider: its metadata and keys, which are fetched at the first use and kept for a while.

use super::{OidcError, http::HttpClient, reasons};
use openidconnect::{IssuerUrl, core::CoreProviderMetadata};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// How long metadata and keys are used. Providers announce new keys days before they use them.
const MAX_AGE: Duration = Duration::from_secs(3_600);
/// How long the result of a fetch also answers later requests. A failure does, so that they do not queue up
/// for a provider that is away. Metadata do, so that tokens with unknown keys cause few fetches.
const PAUSE: Duration = Duration::from_secs(2);
/// Time for fetching metadata and keys together.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// The metadata of the provider, with its keys.
#[derive(Debug)]
pub(super) struct Provider {
    issuer: String,
    http: HttpClient,
    /// Locked while fetching, so that there is one fetch at a time.
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    metadata: Option<(Arc<CoreProviderMetadata>, Instant)>,
    failure: Option<(String, Instant)>,
}

impl Provider {
    /// The provider with this issuer; nothing is sent yet.
    pub(super) fn new(issuer: String, http: HttpClient) -> Self {
        Self {
            issuer,
            http,
            known: Mutex::default(),
        }
    }

    /// The metadata, fetched if it is unknown or old.
    ///
    /// # Errors
    /// When the provider cannot be used.
    pub(super) async fn metadata(&self) -> Result<Arc<CoreProviderMetadata>, OidcError> {
        let mut known = self.known.lock().await;
        if let Some((metadata, at)) = &known.metadata
            && at.elapsed() < MAX_AGE
        {
            return Ok(Arc::clone(metadata));
        }
        self.fetch(&mut known).await
    }

    /// The metadata with newer keys than those of `old`, if the provider has any.
    ///
    /// # Errors
    /// When the provider cannot be used.
    pub(super) async fn newer(
        &self,
        old: &Arc<CoreProviderMetadata>,
    ) -> Result<Arc<CoreProviderMetadata>, OidcError> {
        let mut known = self.known.lock().await;
        if let Some((metadata, at)) = &known.metadata
            && (!Arc::ptr_eq(metadata, old) || at.elapsed() < PAUSE)
        {
            return Ok(Arc::clone(metadata));
        }
        self.fetch(&mut known).await
    }

    async fn fetch(&self, known: &mut Known) -> Result<Arc<CoreProviderMetadata>, OidcError> {
        if let Some((reason, at)) = &known.failure
            && at.elapsed() < PAUSE
        {
            return Err(OidcError::Provider(reason.clone()));
        }
        match self.discover().await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                known.metadata = Some((Arc::clone(&metadata), Instant::now()));
                known.failure = None;
                Ok(metadata)
            }
            Err(reason) => {
                known.failure = Some((reason.clone(), Instant::now()));
                Err(OidcError::Provider(reason))
            }
        }
    }

    async fn discover(&self) -> Result<CoreProviderMetadata, String> {
        let issuer = IssuerUrl::new(self.issuer.clone()).map_err(|error| error.to_string())?;
        let discovery = CoreProviderMetadata::discover_async(issuer, &self.http);
        match timeout(FETCH_TIMEOUT, discovery).await {
            Ok(metadata) => metadata.map_err(|error| reasons(&error)),
            Err(_) => Err(format!(
                "no metadata within {} seconds",
                FETCH_TIMEOUT.as_secs()
            )),
        }
    }
}
