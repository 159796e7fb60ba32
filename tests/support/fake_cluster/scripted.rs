//! What tests script: faults, rights, and how the API server answers.

use super::{FakeCluster, answers, metrics::Metrics, rights::Right, watches::Expiry};
use crate::support::fake_server::{Mood, Raw};

impl FakeCluster {
    /// Requires this bearer token from now on.
    pub(crate) fn require_token(&self, token: &str) {
        self.shared.world().token = Some(token.to_owned());
    }

    /// Permits nothing but asking what is permitted.
    pub(crate) fn allow_nothing(&self) {
        self.shared.world().rights.clear();
    }

    /// Permits these verbs on these resources, such as `pods` and `pods/log`, in a namespace, or in the
    /// whole cluster with `None`.
    pub(crate) fn allow(&self, namespace: Option<&str>, verbs: &[&str], resources: &[&str]) {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        self.shared.world().rights.push(Right {
            namespace: namespace.map(str::to_owned),
            verbs: words(verbs),
            resources: words(resources),
        });
    }

    pub(crate) fn set_metrics(&self, metrics: Metrics) {
        self.shared.world().metrics = metrics;
    }

    /// From now on this image cannot be pulled.
    pub(crate) fn break_image(&self, image: &str) {
        self.shared.world().broken_images.insert(image.to_owned());
    }

    /// Forgets all changes so far: open watches end, and none can continue.
    pub(crate) fn forget_history(&self, expiry: Expiry) {
        self.shared.change(|world| {
            world.version += 1;
            world.oldest = world.version;
            world.history.clear();
            world.watches.expiry = expiry;
        });
    }

    /// Cuts every open watch in the middle of its response.
    pub(crate) fn cut_watches(&self) {
        self.shared.change(|world| world.watches.n_cuts += 1);
    }

    /// Ends each watch after this number of events.
    pub(crate) fn end_watches_after(&self, events: usize) {
        self.shared
            .change(|world| world.watches.limit = Some(events));
    }

    /// Sends a bookmark on each watch that wants bookmarks, as a real server does every minute.
    pub(crate) fn send_bookmarks(&self) {
        self.shared.change(|world| world.watches.n_bookmarks += 1);
    }

    /// Cuts every open log in the middle of its response.
    pub(crate) fn cut_logs(&self) {
        self.shared.change(|world| world.logs.n_cuts += 1);
    }

    /// The nodes remove the logs of all runs that are over.
    pub(crate) fn lose_old_logs(&self) {
        self.shared.change(|world| world.logs.lose());
    }

    /// Sends watches and logs in chunks of at most this many bytes.
    pub(crate) fn set_chunk(&self, bytes: usize) {
        self.shared.world().chunk = bytes;
    }

    /// Stops listening and drops every connection.
    pub(crate) fn refuse(&self) {
        self.listener.close();
    }

    pub(crate) fn hang(&self) {
        self.shared.faults.set_mood(Mood::Hanging);
    }

    pub(crate) fn answer_garbage(&self) {
        self.set_mood(Mood::Garbage);
    }

    pub(crate) fn half_json(&self) {
        self.set_mood(Mood::HalfJson);
    }

    fn set_mood(&self, mood: Mood) {
        self.shared.faults.set_mood(mood);
        self.cut_watches();
    }

    /// Answers requests that begin with `route`, such as `GET /api/v1/pods`, with this status.
    pub(crate) fn fail(&self, route: &str, status: u16) {
        self.answer(route, Raw::made(move || answers::broken(status)));
        self.cut_watches();
    }

    /// Answers requests that begin with `route` that there are too many, until `seconds` later.
    pub(crate) fn throttle(&self, route: &str, seconds: u32) {
        self.answer(route, Raw::made(move || answers::throttled(seconds)));
        self.cut_watches();
    }

    /// Sets what requests that begin with `route` are answered from now on. The longest matching route
    /// applies; one that ends with `$` matches only the complete request.
    pub(crate) fn answer(&self, route: &str, raw: Raw) {
        self.shared.faults.answer(route, raw);
    }

    /// Ends all faults, and listens.
    pub(crate) fn recover(&self) {
        self.shared.faults.end();
        self.shared.world().watches.limit = None;
        self.listener.open(&self.shared);
    }

    /// All requests so far, such as `GET /api/v1/pods?limit=500`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.world().requests.clone()
    }

    /// Number of requests that begin with `prefix`.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        let requests = self.requests();
        let matching = requests
            .iter()
            .filter(|request| request.starts_with(prefix));
        matching.count()
    }
}
