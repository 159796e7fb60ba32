//! Filters, display options and commands of the log viewer.

use crate::{
    client::{
        LogSource,
        logs::{LevelFilter, LogCommand, LogStatus, LogView, Since, StreamFilter, TAILS},
        use_live,
    },
    components::{Glyph, Icon, Menu},
    i18n::{LogsText, say, use_text},
    model::{LogStream, LogTimes, Preferences},
    protocol::workload_path,
};
use leptos::prelude::*;

/// Filters, display options and commands.
#[component]
pub(super) fn Controls(
    /// The shown logs and filters, from the URL.
    view: Memo<LogView>,
    /// Changes the URL to another view.
    set_view: Callback<LogView>,
    /// The containers of the shown logs.
    sources: Memo<Vec<LogSource>>,
    /// Sends a command to the viewer.
    command: Callback<LogCommand>,
    /// The state reported by the viewer.
    status: RwSignal<LogStatus>,
) -> impl IntoView {
    let text = use_text();
    let levels = LevelFilter::ALL
        .iter()
        .map(|level| (level.as_str(), *level));
    let levels = levels.map(|(name, level)| Choice {
        value: name.into(),
        label: Signal::derive(move || text.get().logs().level(level).into()),
    });
    let streams = StreamFilter::ALL
        .iter()
        .map(|stream| (stream.as_str(), *stream));
    let streams = streams.map(|(name, stream)| Choice {
        value: name.into(),
        label: Signal::derive(move || text.get().logs().stream(stream).into()),
    });
    let set_level = move |name: String| {
        set_view.run(LogView {
            level: LevelFilter::named(&name),
            ..view.get_untracked()
        })
    };
    let set_stream = move |name: String| {
        set_view.run(LogView {
            stream: StreamFilter::named(&name),
            ..view.get_untracked()
        })
    };
    let is_paused = Memo::new(move |_| status.read().is_paused);
    let act = move |label: fn(&LogsText) -> &'static str, glyph, what, testid| {
        let label = move || label(text.get().logs());
        view! {
            <button type="button" class="button icon" aria-label=label title=label on:click=move |_| command.run(what) data-testid=testid>
                <Icon glyph />
            </button>
        }
    };
    let pause = move || {
        if is_paused.get() {
            act(
                |text| text.go_on,
                Glyph::Play,
                LogCommand::Pause(false),
                "go-on",
            )
        } else {
            act(
                |text| text.pause,
                Glyph::Pause,
                LogCommand::Pause(true),
                "pause",
            )
        }
    };
    view! {
        <Select label=|text| text.level choices=levels.collect() value=Signal::derive(move || view.read().level.as_str().to_owned()) on_choose=Callback::new(set_level) />
        <Select label=|text| text.stream choices=streams.collect() value=Signal::derive(move || view.read().stream.as_str().to_owned()) on_choose=Callback::new(set_stream) />
        <ViewMenu view set_view />
        <span class="tools">
            {pause}
            {act(|text| text.clear, Glyph::Trash, LogCommand::Clear, "clear")}
            {act(|text| text.copy, Glyph::Copy, LogCommand::Copy, "copy")}
            <Downloads view sources />
        </span>
    }
}

/// A choice of a list.
#[derive(Clone)]
struct Choice {
    value: String,
    label: Signal<String>,
}

/// A drop-down list.
#[component]
fn Select(
    /// The label, for screen readers.
    label: fn(&LogsText) -> &'static str,
    /// The choices.
    choices: Vec<Choice>,
    /// The current choice.
    value: Signal<String>,
    /// Called with the new choice.
    on_choose: Callback<String>,
) -> impl IntoView {
    let text = use_text();
    let option = |choice: Choice| {
        let own = choice.value.clone();
        let selected = move || value.with(|value| *value == own);
        view! { <option value=choice.value selected=selected>{choice.label}</option> }
    };
    view! {
        <select class="select" aria-label=move || label(text.get().logs()) on:change=move |event| on_choose.run(event_target_value(&event))>
            {choices.into_iter().map(option).collect_view()}
        </select>
    }
}

/// The menu of display options, and of where lines begin.
#[component]
fn ViewMenu(
    /// The shown logs and filters, from the URL.
    view: Memo<LogView>,
    /// Changes the URL to another view.
    set_view: Callback<LogView>,
) -> impl IntoView {
    let text = use_text();
    let preferences = expect_context::<RwSignal<Preferences>>();
    let time = move |times: LogTimes| {
        let pressed = move || (preferences.read().log_times == times).to_string();
        view! {
            <button type="button" aria-pressed=pressed on:click=move |_| preferences.update(|p| p.log_times = times)>
                {move || text.get().logs().time(times)}
            </button>
        }
    };
    let wraps = move || preferences.read().log_wrap;
    let tails = TAILS.map(|tail| Choice {
        value: tail.to_string(),
        label: Signal::derive(move || format!("{tail} {}", text.get().logs().tail_lines)),
    });
    let since = Since::ALL.iter().copied();
    let since = since.map(move |since| Choice {
        value: since.as_str().into(),
        label: Signal::derive(move || text.get().logs().since(since).into()),
    });
    let set_tail = move |tail: String| {
        let view = view.get_untracked();
        set_view.run(LogView {
            tail: tail.parse().unwrap_or(view.tail),
            ..view
        });
    };
    let set_since = move |name: String| {
        set_view.run(LogView {
            since: Since::named(&name),
            ..view.get_untracked()
        })
    };
    view! {
        <Menu id="log-view" face=move || view! { <Icon glyph=Glyph::Sliders />{say(text, |text| text.logs().view)} }>
            <ul class="settings">
                <li class="field"><span>{say(text, |text| text.logs().times)}</span><span class="segments">{LogTimes::ALL.iter().copied().map(time).collect_view()}</span></li>
                <li><label class="check"><input type="checkbox" checked=untrack(wraps) prop:checked=wraps on:change=move |_| preferences.update(|p| p.log_wrap = !p.log_wrap) />{say(text, |text| text.logs().wrap)}</label></li>
                <li class="field"><span>{say(text, |text| text.logs().tail)}</span><Select label=|text| text.tail choices=tails.to_vec() value=Signal::derive(move || view.read().tail.to_string()) on_choose=Callback::new(set_tail) /></li>
                <li class="field"><span>{say(text, |text| text.logs().since)}</span><Select label=|text| text.since choices=since.collect() value=Signal::derive(move || view.read().since.as_str().to_owned()) on_choose=Callback::new(set_since) /></li>
                <li class="hint">{say(text, |text| text.logs().keys)}</li>
            </ul>
        </Menu>
    }
}

/// Links that download complete logs as files; the server streams them.
#[component]
fn Downloads(
    /// The shown logs and filters, from the URL.
    view: Memo<LogView>,
    /// The containers of the shown logs.
    sources: Memo<Vec<LogSource>>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let label = say(text, |text| text.logs().download);
    let href = move |source: &LogSource| {
        let path = workload_path(source.id, "logs");
        let mut href = live.href(&path);
        href.push_str("&download=1&timestamps=1");
        href.push_str(match view.read().only_stream() {
            None => "",
            Some(LogStream::Stdout) => "&stderr=0",
            Some(LogStream::Stderr) => "&stdout=0",
        });
        href
    };
    move || {
        match sources.read().as_slice() {
            [one] => view! {
                <a class="button icon" href=href(one) download="" rel="external" aria-label=label title=label data-testid="download"><Icon glyph=Glyph::Download /></a>
            }
            .into_any(),
            several => {
                let link = |source: &LogSource| view! { <li><a class="choice" href=href(source) download="" rel="external">{source.name.clone()}</a></li> };
                let links: Vec<_> = several.iter().map(link).collect();
                view! {
                    <Menu id="downloads" button="button icon" label=Signal::derive(move || label().to_owned()) face=|| view! { <Icon glyph=Glyph::Download /> }>
                        <ul>{links}</ul>
                    </Menu>
                }
                .into_any()
            }
        }
    }
}
