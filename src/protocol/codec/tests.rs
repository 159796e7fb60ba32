//! Encoded values are decoded unchanged, and invalid bytes are rejected without harm.

use super::{
    bits::{read_column, write_column},
    figures::{approximate, exact, figures, sorted},
    *,
};
use crate::{
    model::{
        ContainerId, ContainerStats, HostId, LogLine, LogPosition, LogStream, Timestamp, Update,
        WorkloadKey, fixtures::any_containers, percent_of,
    },
    protocol::{Channel, ClientMessage, ServerMessage, Subscribe},
};
use proptest::prelude::*;
use std::sync::Arc;

/// Any size or rate, small or large.
fn any_bytes() -> impl Strategy<Value = Option<u64>> {
    let any = (any::<u64>(), 0..64_u32).prop_map(|(number, shift)| number >> shift);
    prop::option::of(any)
}

fn any_percent() -> impl Strategy<Value = Option<f32>> {
    prop::option::of(prop_oneof![
        Just(0.0),
        0.0..400.0_f32,
        Just(f32::MAX),
        Just(f32::NAN)
    ])
}

prop_compose! {
    fn any_line()(seq in 0..20_u64, at in prop::option::of(any::<i64>()), is_error: bool, line in ".{0,8}") -> LogLine {
        LogLine {
            seq: if seq == 0 { u64::MAX } else { seq },
            timestamp: at.map(Timestamp::from_millis),
            stream: if is_error { LogStream::Stderr } else { LogStream::Stdout },
            line,
            position: None,
        }
    }
}

prop_compose! {
    fn any_stats()(
        n in 0..40_u8,
        name in "[a-c]",
        percents in [any_percent(), any_percent()],
        bytes in prop::array::uniform10(any_bytes()),
        pids in prop::option::of(any::<u32>()),
        at in 0..10_i64,
        is_derived: bool,
    ) -> ContainerStats {
        let [cpu, memory] = percents;
        let [usage, limit, rx, tx, read, write, rx_rate, tx_rate, read_rate, write_rate] = bytes;
        let of_limit = || percent_of(usage?, limit?);
        ContainerStats {
            container_id: ContainerId::from_bytes([n; 32]),
            container_name: name,
            cpu_percent: cpu,
            memory_usage: usage,
            memory_limit: limit,
            memory_percent: if is_derived { of_limit() } else { memory },
            network_rx: rx,
            network_tx: tx,
            block_read: read,
            block_write: write,
            network_rx_rate: rx_rate,
            network_tx_rate: tx_rate,
            block_read_rate: read_rate,
            block_write_rate: write_rate,
            pids,
            timestamp: Timestamp::from_millis(1_763_687_885_042 + at),
        }
    }
}

/// A message with container figures, of the host `local`.
fn any_tick(seq: u64) -> impl Strategy<Value = ServerMessage> {
    prop::collection::vec(any_stats(), 0..40).prop_map(move |data| {
        let update = Update::Stats {
            timestamp: Timestamp::from_millis(1_763_687_885_000 + seq as i64 * 2_000),
            host: HostId::default(),
            data: data.into_iter().map(Arc::new).collect(),
        };
        ServerMessage::numbered(seq, update)
    })
}

fn data(message: &ServerMessage) -> &[Arc<ContainerStats>] {
    match message.update() {
        Some(Update::Stats { data, .. }) => data,
        other => panic!("{other:?}"),
    }
}

/// `message` as received by a page without a base.
fn whole(message: &ServerMessage) -> ServerMessage {
    decode(&encode(message)).unwrap()
}

proptest! {
    #[test]
    fn numbers_survive(numbers: Vec<u64>, signed: Vec<i32>) {
        let mut writer = Writer::default();
        numbers.write(&mut writer);
        signed.write(&mut writer);
        let frame = writer.finish();
        let mut reader = Reader::new(&frame).unwrap();
        prop_assert_eq!(Vec::<u64>::read(&mut reader), numbers);
        prop_assert_eq!(Vec::<i32>::read(&mut reader), signed);
        prop_assert_eq!(reader.finish(()), Ok(()));
    }

    #[test]
    fn columns_survive(numbers in prop::collection::vec((any::<u64>(), 0..=64_u32), 0..200)) {
        let numbers: Vec<_> = numbers
            .into_iter()
            .map(|(number, shift)| number.checked_shr(shift).unwrap_or(0))
            .collect();
        let mut writer = Writer::default();
        write_column(&numbers, &mut writer);
        let frame = writer.finish();
        let mut reader = Reader::new(&frame).unwrap();
        prop_assert_eq!(read_column(numbers.len(), &mut reader), numbers);
        prop_assert_eq!(reader.finish(()), Ok(()));
    }

    #[test]
    fn lines_of_logs_survive(lines in prop::collection::vec(any_line(), 0..20), follow: bool, cursor in prop::option::of((any::<i64>(), any::<u32>(), any::<bool>()))) {
        let cursor = cursor.map(|(nanos, ordinal, is_error)| LogPosition {
            nanos,
            ordinal,
            stream: if is_error { LogStream::Stderr } else { LogStream::Stdout },
        });
        let mut lines = lines;
        if follow {
            (7..).zip(&mut lines).for_each(|(seq, line)| line.seq = seq);
        }
        let channel = Channel::logs(WorkloadKey::Container(ContainerId::from_bytes([7; 32])));
        let message = ServerMessage::Log { channel, lines, cursor };
        prop_assert_eq!(whole(&message), message);
    }

    #[test]
    fn strings_survive_however_often_they_come(strings in prop::collection::vec("[a-f]{0,2}|.{0,40}", 0..400)) {
        let frame = encode(&strings);
        prop_assert_eq!(decode::<Vec<String>>(&frame), Ok(strings));
    }

    #[test]
    fn lists_of_containers_survive(list in any_containers(), seq: u64) {
        let list = Update::containers(HostId::demo(), Timestamp::from_millis(-7), &list);
        let message = ServerMessage::numbered(seq, list);
        prop_assert_eq!(whole(&message), message);
    }

    #[test]
    fn sizes_are_off_by_a_twentieth_of_a_percent_at_most(number: u64, shift in 0..64_u32, more: u64) {
        let number = number >> shift;
        let shown = exact(approximate(number));
        prop_assert!(shown.abs_diff(number) <= number / 2_000, "{} for {}", shown, number);
        prop_assert_eq!(approximate(shown), approximate(number));
        let more = number.saturating_add(more);
        prop_assert!(approximate(number) <= approximate(more), "order is kept");
    }

    #[test]
    fn quantising_twice_is_quantising_once(message in any_tick(1)) {
        let once = whole(&message);
        prop_assert_eq!(&whole(&once), &once);
        let at = 1_763_687_887_000;
        for (stats, original) in data(&once).iter().zip(sorted(data(&message))) {
            prop_assert_eq!(figures(stats, at), figures(original, at));
        }
    }

    #[test]
    fn changes_lead_to_what_the_whole_list_says(ticks in [any_tick(3), any_tick(4), any_tick(9)]) {
        let mut page = Ticks::default();
        prop_assert_eq!(&page.decode(&encode(&ticks[0])).unwrap(), &whole(&ticks[0]));
        for pair in ticks.windows(2) {
            let frame = encode_tick(&pair[1], &pair[0]);
            prop_assert_eq!(&page.decode(&frame).unwrap(), &whole(&pair[1]));
        }
    }

    #[test]
    fn a_page_that_began_with_the_html_can_go_on_from_there(ticks in [any_tick(1), any_tick(2)]) {
        let mut page = Ticks::default();
        page.remember(&whole(&ticks[0]));
        let frame = encode_tick(&ticks[1], &ticks[0]);
        prop_assert_eq!(page.decode(&frame), Ok(whole(&ticks[1])));
    }

    #[test]
    fn changes_to_what_is_not_there_are_refused(ticks in [any_tick(1), any_tick(2), any_tick(3)]) {
        let mut page = Ticks::default();
        let second = encode_tick(&ticks[1], &ticks[0]);
        let third = encode_tick(&ticks[2], &ticks[1]);
        prop_assert_eq!(page.decode(&second), Err(DecodeError::Base));
        page.decode(&encode(&ticks[0])).unwrap();
        prop_assert_eq!(page.decode(&third), Err(DecodeError::Base), "one was lost");
        page.decode(&second).unwrap();
        prop_assert_eq!(page.decode(&second), Err(DecodeError::Base), "it came twice");
        page.decode(&third).unwrap();
    }

    #[test]
    fn nothing_makes_the_reader_panic(mut frame: Vec<u8>, tick in any_tick(1)) {
        let mut page = Ticks::default();
        page.remember(&whole(&tick));
        if let Some(version) = frame.first_mut() {
            *version = CODEC_VERSION;
        }
        let _ = page.decode(&frame);
        let _ = ClientMessage::decode_binary(&frame);
        let _ = decode::<Bundle>(&frame);
    }

    #[test]
    fn a_damaged_frame_makes_nobody_panic(ticks in [any_tick(1), any_tick(2)], at: prop::sample::Index, bits: u8) {
        for mut frame in [encode(&ticks[1]), encode_tick(&ticks[1], &ticks[0])] {
            let mut page = Ticks::default();
            page.remember(&whole(&ticks[0]));
            let at = at.index(frame.len());
            frame[at] ^= bits;
            let _ = page.decode(&frame);
        }
    }

    #[test]
    fn a_frame_is_read_whole_or_not_at_all(tick in any_tick(1), cut: prop::sample::Index) {
        let frame = encode(&tick);
        let part = &frame[..cut.index(frame.len())];
        prop_assert_eq!(decode::<ServerMessage>(part), Err(DecodeError::Malformed));
        let more = [&frame[..], &[0]].concat();
        prop_assert_eq!(decode::<ServerMessage>(&more), Err(DecodeError::Malformed));
    }

    #[test]
    fn base64_survives(bytes: Vec<u8>) {
        prop_assert_eq!(from_base64(&to_base64(&bytes)), Some(bytes));
    }

    #[test]
    fn no_text_makes_base64_panic(text in ".{0,40}") {
        let _ = from_base64(&text);
    }
}

#[test]
fn base64_is_what_others_call_that() {
    let cases = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
    ];
    for (bytes, text) in cases {
        assert_eq!(to_base64(bytes.as_bytes()), text);
    }
    assert_eq!(from_base64("Z"), None);
    assert_eq!(from_base64("Zm-v"), None);
}

#[test]
fn a_string_costs_one_byte_when_it_comes_again() {
    let name = "com.docker.compose.project".to_owned();
    let once = encode(&vec![name.clone()]).len();
    assert_eq!(encode(&vec![name; 40]).len(), once + 39);
}

#[test]
fn strings_that_collide_are_written_again() {
    // More strings than probes for any size of the table: each is either found or written again.
    let strings: Vec<_> = (0..5_000).map(|n| format!("{}", n % 2_500)).collect();
    assert_eq!(decode(&encode(&strings)), Ok(strings));
}

#[test]
fn a_short_frame_cannot_stand_for_endless_text() {
    let mut writer = Writer::default();
    let n = 40_000;
    writer.count(n);
    (0..n).for_each(|_| writer.string(&"x".repeat(4_000)));
    let frame = writer.finish();
    assert!(frame.len() < 50_000);
    assert_eq!(decode::<Vec<String>>(&frame), Err(DecodeError::Malformed));
}

#[test]
fn a_count_beyond_the_frame_reserves_nothing() {
    let frame = [CODEC_VERSION, 0xff, 0xff, 0xff, 0xff, 0x0f];
    assert_eq!(decode::<Vec<u64>>(&frame), Err(DecodeError::Malformed));
    assert_eq!(
        decode::<Vec<Arc<ContainerStats>>>(&frame),
        Err(DecodeError::Malformed)
    );
}

#[test]
fn numbers_have_one_form_only() {
    for frame in [&[CODEC_VERSION, 0x80, 0x00][..], &[CODEC_VERSION, 0x80]] {
        assert_eq!(decode::<u64>(frame), Err(DecodeError::Malformed));
    }
    let beyond = [&[CODEC_VERSION][..], &[0xff; 9], &[0x02]].concat();
    assert_eq!(decode::<u64>(&beyond), Err(DecodeError::Malformed));
    assert_eq!(
        decode::<bool>(&[CODEC_VERSION, 2]),
        Err(DecodeError::Malformed)
    );
}

#[test]
fn another_version_is_told_from_nonsense() {
    assert_eq!(decode::<u64>(&[]), Err(DecodeError::Malformed));
    assert_eq!(
        decode::<u64>(&[CODEC_VERSION + 1, 7]),
        Err(DecodeError::Version)
    );
    let frame = [CODEC_VERSION + 1, 4];
    assert_eq!(
        ClientMessage::decode_binary(&frame),
        Err(DecodeError::Version)
    );
}

#[test]
fn clients_cannot_subscribe_to_what_nobody_can() {
    let subscribe = |channel| ClientMessage::Subscribe(Subscribe::to(channel));
    let fine = encode(&subscribe(Channel::STATS));
    assert_eq!(
        ClientMessage::decode_binary(&fine),
        Ok(Ok(subscribe(Channel::STATS)))
    );
    let log = Channel::logs(WorkloadKey::Container(ContainerId::default()));
    let fine = encode(&subscribe(log));
    assert_eq!(ClientMessage::decode_binary(&fine), Ok(Ok(subscribe(log))));
    let refused = encode(&subscribe(Channel::SOURCES));
    assert!(ClientMessage::decode_binary(&refused).unwrap().is_err());
    let refused = encode(&ClientMessage::Subscribe(Subscribe {
        tail: Some(1),
        ..Subscribe::to(Channel::STATS)
    }));
    assert!(ClientMessage::decode_binary(&refused).unwrap().is_err());
}

#[test]
fn hundredths_of_a_percent_are_kept_up_to_eight_hundred_cores() {
    for hundredths in (0..8_388_607_u32).step_by(997).chain(8_388_500..8_388_608) {
        let percent = (f64::from(hundredths) / 100.0) as f32;
        let mut stats =
            ContainerStats::unknown(ContainerId::default(), "a".into(), Timestamp::default());
        stats.cpu_percent = Some(percent);
        let stats = Arc::new(stats);
        assert_eq!(decode(&encode(&stats)), Ok(stats));
    }
}
