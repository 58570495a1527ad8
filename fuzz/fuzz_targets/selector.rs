//! Any text as a selector, over a message with fields of every type.
//!
//! The first line of the input is the selector, the rest makes the values of the fields. A text
//! either is refused with a place in it or compiles; what compiles must evaluate without a panic
//! and to the same result again, and must compile from its own text to an equal selector.
#![no_main]

use floodway_message::selector::{Fields, Selector, Value};
use libfuzzer_sys::fuzz_target;
use std::borrow::Cow;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let message = Sample {
        text: String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned(),
    };
    for parse in [Selector::parse, Selector::parse_converting] {
        match parse(&text) {
            Ok(selector) => {
                let again = Selector::parse(selector.text()).expect("its own text is good");
                assert_eq!(selector, again);
                let result = selector.matches(&message);
                assert_eq!(format!("{result:?}"), format!("{:?}", again.matches(&message)));
                drop(selector.matches(&Nothing));
            }
            Err(error) => {
                let position = error.position();
                assert!(position.line >= 1 && position.column >= 1);
                assert!(error.to_string().len() < 1000, "an error is short");
            }
        }
    }
});

struct Nothing;

impl Fields for Nothing {
    fn field<'a>(&'a self, _name: &str) -> Value<'a> {
        Value::Null
    }
}

struct Sample {
    text: String,
}

impl Sample {
    /// A number out of the text, so that the input decides on it.
    fn number(&self) -> i64 {
        let bytes = self.text.bytes().take(8);
        bytes.fold(0, |number, byte| (number << 8) | i64::from(byte))
    }
}

impl Fields for Sample {
    fn field<'a>(&'a self, name: &str) -> Value<'a> {
        let number = self.number();
        match name {
            "t" => Value::Boolean(true),
            "f" => Value::Boolean(false),
            "b" => Value::Byte(number as i8),
            "h" => Value::Short(number as i16),
            "i" | "JMSPriority" => Value::Integer(number as i32),
            "l" | "JMSTimestamp" => Value::Long(number),
            "e" => Value::Float(number as f32 / 3.0),
            "d" => Value::Double(f64::from_bits(number as u64)),
            "s" | "JMSType" | "JMSCorrelationID" => Value::text(&self.text),
            "n" => Value::text("12.5"),
            _ => Value::Null,
        }
    }

    fn text_body(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.text))
    }
}
