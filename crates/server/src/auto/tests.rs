use super::*;
use floodway_openwire::OpenWire;
use floodway_stomp::Stomp;

const NOW: Now = Now {
    monotonic_ms: 1,
    wall_ms: 1,
};

fn open() -> Box<dyn Connection> {
    let protocols: Vec<Arc<dyn Protocol>> =
        vec![Arc::new(OpenWire::default()), Arc::new(Stomp::default())];
    Auto::new(protocols).open(1, NOW)
}

/// What is written when these bytes came, one by one.
fn talk(bytes: &[u8]) -> (Result<(), ConnectionEnd>, usize, usize) {
    let mut connection = open();
    let (mut commands, mut output) = (Vec::new(), Output::default());
    let mut input = BytesMut::new();
    let mut result = Ok(());
    for byte in bytes {
        input.extend_from_slice(&[*byte]);
        result = connection.receive(NOW, &mut input, &mut commands, &mut output);
    }
    (result, commands.len(), output.len())
}

#[test]
fn the_first_bytes_choose_the_protocol() {
    let (result, commands, _) = talk(b"\nCONNECT\naccept-version:1.2\n\n\0");
    assert_eq!((result, commands), (Ok(()), 1));
    let info = b"\0\0\0\x0e\x01ActiveMQ\0\0\0\x0c\0";
    let (result, commands, written) = talk(info);
    assert_eq!((result, commands), (Ok(()), 0));
    assert!(written > 100, "WireFormatInfo and BrokerInfo");
}

#[test]
fn a_stranger_is_turned_away_and_nothing_is_told_before() {
    assert!(matches!(
        talk(b"GET / HTTP/1.1\r\n"),
        (Err(ConnectionEnd::Protocol(_)), 0, 0)
    ));
    assert_eq!(talk(b"\0\0\x01"), (Ok(()), 0, 0));
}
