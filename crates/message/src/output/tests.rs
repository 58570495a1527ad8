use super::*;

fn drain(output: &mut Output, step: usize) -> Vec<u8> {
    let mut written = Vec::new();
    while !output.is_empty() {
        let mut slices = [IoSlice::new(&[]); 4];
        let count = output.slices(&mut slices);
        let chunk: Vec<u8> = slices[..count]
            .iter()
            .flat_map(|s| s.to_vec())
            .take(step)
            .collect();
        output.advance(chunk.len());
        written.extend(chunk);
    }
    written
}

#[test]
fn pieces_come_out_in_order_whatever_the_write_sizes() {
    let large = Bytes::from(vec![7u8; SHARE_BYTES_MIN]);
    for step in [1usize, 3, 1000, usize::MAX] {
        let mut output = Output::default();
        output.put(b"head");
        output.put_body(&large);
        output.put(b"tail");
        output.put_body(&Bytes::from_static(b"small"));
        assert_eq!(output.len(), 4 + large.len() + 9);
        let mut expected = b"head".to_vec();
        expected.extend_from_slice(&large);
        expected.extend_from_slice(b"tailsmall");
        assert!(drain(&mut output, step) == expected, "step {step}");
    }
}
