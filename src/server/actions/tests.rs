use super::*;
use crate::{
    model::{
        Action, ActionOptions, ContainerId, HostId, Processes, Timestamp, Update,
        fixtures::container,
    },
    server::{
        access::{Actor, Audit},
        hub::{Audience, Hub},
        source::{Engine, LogLines, LogQuery},
    },
};
use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::Semaphore;

const CLIENT: Client = Client::Socket(0);

/// An engine that executes one action per permit.
#[derive(Debug)]
struct Paced {
    permits: Semaphore,
    done: Mutex<Vec<(ContainerId, Action)>>,
}

#[async_trait]
impl Engine for Paced {
    async fn act(
        &self,
        id: ContainerId,
        action: Action,
        _: &ActionOptions,
    ) -> Result<(), EngineError> {
        let permit = self.permits.acquire().await.unwrap();
        permit.forget();
        self.done.lock().unwrap().push((id, action));
        Ok(())
    }

    async fn inspect(&self, _: ContainerId) -> Result<serde_json::Value, EngineError> {
        Err(EngineError::NotFound)
    }

    async fn reveal(
        &self,
        _: ContainerId,
        _: Option<&[String]>,
    ) -> Result<serde_json::Value, EngineError> {
        Err(EngineError::NotFound)
    }

    async fn top(&self, _: ContainerId) -> Result<Processes, EngineError> {
        Err(EngineError::NotFound)
    }

    async fn logs(&self, _: ContainerId, _: &LogQuery) -> Result<LogLines, EngineError> {
        Ok(futures::stream::empty().boxed())
    }
}

/// Actions on the containers of a hub.
struct Setup {
    actions: Actions,
    directory: Directory,
    hub: Hub,
}

impl Setup {
    fn perform(&self, request: ContainerAction) -> impl Future<Output = ContainerAck> + use<> {
        let by = By {
            client: CLIENT,
            actor: Actor {
                who: "anyone".to_owned(),
                from: None,
            },
            directory: self.directory.clone(),
        };
        self.actions.perform(by, request)
    }
}

/// Three running containers, the last of which is protected.
fn actions() -> (Setup, Arc<Paced>) {
    let hub = Hub::new(16);
    let mut protected = container(3);
    protected.protected = true;
    let containers = [container(1), container(2), protected];
    hub.publish(vec![Update::Containers {
        timestamp: Timestamp::default(),
        host: HostId::default(),
        data: containers.map(Arc::new).to_vec(),
    }]);
    let engine = Arc::new(Paced {
        permits: Semaphore::new(0),
        done: Mutex::default(),
    });
    let engines = BTreeMap::from([(
        HostId::default(),
        Arc::<Paced>::clone(&engine) as Arc<dyn Engine>,
    )]);
    let setup = Setup {
        actions: Actions::new(
            Shutdown::default(),
            hub.instruments().clone(),
            Audit::new(None, false),
        ),
        directory: Directory::new(hub.viewer(Audience::Unrestricted), engines),
        hub,
    };
    (setup, engine)
}

fn request(request_id: &str, n: u8, action: Action) -> ContainerAction {
    ContainerAction {
        request_id: request_id.into(),
        container_id: ContainerId::from_bytes([n; 32]).into(),
        action,
        host: None,
        options: ActionOptions::default(),
    }
}

async fn code(actions: &Setup, request: ContainerAction) -> Option<ErrorCode> {
    let ack = actions.perform(request).await;
    assert_eq!(ack.success, ack.error.is_none());
    ack.error.map(|error| error.code)
}

#[tokio::test]
async fn what_must_not_be_done_never_reaches_the_engine() {
    let (actions, engine) = actions();
    engine.permits.add_permits(100);
    let refused = |request| code(&actions, request);
    assert_eq!(
        refused(request("1", 9, Action::Stop)).await,
        Some(ErrorCode::NotFound)
    );
    assert_eq!(
        refused(request("2", 3, Action::Stop)).await,
        Some(ErrorCode::Protected)
    );
    assert_eq!(
        refused(request("3", 1, Action::Start)).await,
        Some(ErrorCode::Conflict)
    );
    let elsewhere = ContainerAction {
        host: Some("elsewhere".parse().unwrap()),
        ..request("4", 1, Action::Stop)
    };
    assert_eq!(refused(elsewhere).await, Some(ErrorCode::NotFound));
    assert!(engine.done.lock().unwrap().is_empty());
    assert_eq!(refused(request("5", 1, Action::Stop)).await, None);
    assert_eq!(engine.done.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_ambiguous_prefix_names_nothing() {
    let (actions, engine) = actions();
    let twin = |last| {
        let mut bytes = [7; 32];
        bytes[31] = last;
        let mut twin = container(7);
        twin.id = ContainerId::from_bytes(bytes);
        Arc::new(twin)
    };
    actions.hub.publish(vec![Update::Containers {
        timestamp: Timestamp::default(),
        host: HostId::default(),
        data: vec![twin(1), twin(2)],
    }]);
    let ambiguous = ContainerAction {
        container_id: "070707070707".parse().unwrap(),
        ..request("1", 7, Action::Stop)
    };
    assert_eq!(code(&actions, ambiguous).await, Some(ErrorCode::NotFound));
    assert!(engine.done.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_repeated_request_is_done_once_and_answered_twice() {
    let (actions, engine) = actions();
    let first = actions.perform(request("r", 1, Action::Stop));
    let second = actions.perform(request("r", 1, Action::Stop));
    assert_eq!(
        code(&actions, request("r", 2, Action::Stop)).await,
        Some(ErrorCode::DuplicateId)
    );
    engine.permits.add_permits(100);
    let (first, second) = futures::join!(first, second);
    assert!(first.success);
    assert_eq!(first, second);
    assert_eq!(engine.done.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_forgotten_after_a_minute() {
    let (actions, engine) = actions();
    engine.permits.add_permits(100);
    assert_eq!(code(&actions, request("r", 1, Action::Stop)).await, None);
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(code(&actions, request("r", 2, Action::Stop)).await, None);
    assert_eq!(engine.done.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_container_has_one_action_at_a_time() {
    let (actions, engine) = actions();
    let mut first = Box::pin(actions.perform(request("1", 1, Action::Stop)));
    while actions.actions.inner.in_flight.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!((&mut first).now_or_never().is_none());
    assert_eq!(
        code(&actions, request("2", 1, Action::Restart)).await,
        Some(ErrorCode::Conflict)
    );
    engine.permits.add_permits(100);
    assert_eq!(code(&actions, request("3", 2, Action::Restart)).await, None);
    assert!(first.await.success);
    assert_eq!(code(&actions, request("4", 1, Action::Restart)).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_hung_engine_times_out_and_frees_the_container() {
    let (actions, engine) = actions();
    assert_eq!(
        code(&actions, request("1", 1, Action::Kill)).await,
        Some(ErrorCode::Timeout)
    );
    engine.permits.add_permits(1);
    assert_eq!(code(&actions, request("2", 1, Action::Kill)).await, None);
}

#[tokio::test]
async fn an_action_is_finished_when_nobody_waits_for_it() {
    let (actions, engine) = actions();
    drop(actions.perform(request("1", 1, Action::Stop)));
    engine.permits.add_permits(1);
    actions.actions.inner.shutdown.tracker().close();
    actions.actions.inner.shutdown.tracker().wait().await;
    assert_eq!(engine.done.lock().unwrap().len(), 1);
}
