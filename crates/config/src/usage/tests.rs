use super::*;
use crate::testing::{broker, load_with, loaded, notes, options};
use crate::{DiskSpace, Options};

fn usage(inside: &str) -> SystemUsage {
    let inside = format!("<systemUsage><systemUsage>{inside}</systemUsage></systemUsage>");
    loaded("", &inside).settings.broker.usage
}

#[test]
fn limits_are_read_from_the_inner_elements() {
    let found = usage(
        "<memoryUsage><memoryUsage limit='64 mb'/></memoryUsage>
         <storeUsage><storeUsage limit='1gb' name='foo'/></storeUsage>
         <tempUsage><tempUsage limit='100 mb'/></tempUsage>
         <jobSchedulerUsage><jobSchedulerUsage limit='5 mb'/></jobSchedulerUsage>",
    );
    assert_eq!(found.job_scheduler_limit_bytes, 5 << 20);
    assert_eq!(found.memory_limit_bytes, 64 << 20);
    assert_eq!(found.store_limit_bytes, 1 << 30);
    assert_eq!(found.temp_limit_bytes, 100 << 20);
}

#[test]
fn without_limits_memory_is_70_percent_of_what_stands_for_the_heap() {
    let found = loaded("", "").settings.broker.usage;
    assert_eq!(found.memory_limit_bytes, (1_u64 << 30) * 70 / 100);
    assert_eq!(found.store_limit_bytes, 100 << 30);
    assert_eq!(found.temp_limit_bytes, 50 << 30);
    assert_eq!(found.job_scheduler_limit_bytes, 50 << 30);
}

#[test]
fn percent_of_jvm_heap_is_translated_and_told() {
    let inside = "<systemUsage><systemUsage><memoryUsage><memoryUsage percentOfJvmHeap='50'/>\
                  </memoryUsage></systemUsage></systemUsage>";
    assert_eq!(
        loaded("", inside).settings.broker.usage.memory_limit_bytes,
        512 << 20
    );
    let told = notes("", inside);
    assert!(
        told.contains("2: info: memoryUsage: there is no JVM"),
        "{told}"
    );
    assert!(told.contains("is 512 mb (50 % of 1 gb"), "{told}");
}

#[test]
fn refusing_and_waiting_are_read_and_the_contradiction_told() {
    let found = "<systemUsage><systemUsage sendFailIfNoSpaceAfterTimeout='3000'/></systemUsage>";
    let found = loaded("", found).settings.broker.usage;
    assert_eq!(found.send_fail_after_timeout_ms, 3000);
    assert!(!found.send_fail_if_no_space);
    let told = notes(
        "",
        "<systemUsage><systemUsage sendFailIfNoSpace='true' sendFailIfNoSpaceAfterTimeout='1'/>\
         </systemUsage>",
    );
    assert!(
        told.contains("2: warning: systemUsage: sendFailIfNoSpace refuses at once"),
        "{told}"
    );
}

#[test]
fn a_bad_limit_is_an_error_with_what_to_write() {
    let told = notes(
        "",
        "<systemUsage><systemUsage><memoryUsage>\n<memoryUsage limit='64 mbx'/></memoryUsage>\
         </systemUsage></systemUsage>",
    );
    assert!(
        told.contains("3: error: memoryUsage limit: \"64 mbx\" is not a size; write bytes"),
        "{told}"
    );
}

#[test]
fn a_missing_inner_element_is_bridged_and_told() {
    let inside = "<systemUsage sendFailIfNoSpace='true'>
        <memoryUsage><memoryUsage limit='1 mb'/></memoryUsage></systemUsage>";
    let found = loaded("", inside).settings.broker.usage;
    assert!(found.send_fail_if_no_space);
    assert_eq!(found.memory_limit_bytes, 1 << 20);
    assert!(notes("", inside).contains("stands alone"));
}

#[test]
fn percent_limits_of_disks_are_made_absolute() {
    let inside = "<systemUsage><systemUsage>
        <storeUsage><storeUsage percentLimit='10'/></storeUsage>
        <tempUsage><tempUsage percentLimit='50' total='1 gb'/></tempUsage>
        </systemUsage></systemUsage>";
    let environment = options().environment.with_disk(DiskSpace {
        total_bytes: 100 << 30,
        available_bytes: 90 << 30,
    });
    let options = Options {
        data_directory: None,
        admin: None,
        environment,
    };
    let found = load_with(&broker("", inside), &options)
        .unwrap()
        .settings
        .broker
        .usage;
    assert_eq!(found.store_limit_bytes, 10 << 30);
    assert_eq!(found.temp_limit_bytes, 512 << 20);
    assert!(notes("", inside).contains("the size of the disk cannot be read"));
}

#[test]
fn the_usage_manager_of_activemq_4_is_the_memory_limit() {
    let inside = "<memoryManager><usageManager limit='20 MB'/></memoryManager>";
    assert_eq!(
        loaded("", inside).settings.broker.usage.memory_limit_bytes,
        20 << 20
    );
    let text = "<beans><usageManager id='m' limit='1048576'/>
        <broker xmlns='http://activemq.org/config/1.0' memoryManager='#m'>
        <transportConnectors><transportConnector uri='stomp://localhost:1'/></transportConnectors>
        </broker></beans>";
    let found = crate::testing::load_xml(text).unwrap();
    assert_eq!(found.settings.broker.usage.memory_limit_bytes, 1 << 20);
    let told = crate::testing::notes_of(crate::testing::load_xml(&text.replace("#m", "#n")));
    assert!(told.contains("\"#n\" names no element"), "{told}");
}

#[test]
fn memory_is_split_where_the_broker_says_so() {
    let split = "splitSystemUsageForProducersConsumers='true' producerSystemUsagePortion='70'";
    let found = loaded(split, "").settings.broker.usage;
    assert!(found.split);
    let portions = (
        found.producer_portion_percent,
        found.consumer_portion_percent,
    );
    assert_eq!(portions, (70, 40));
    assert!(!loaded("", "").settings.broker.usage.split);
    let told = notes("consumerSystemUsagePortion='30'", "");
    assert!(told.contains("has no effect without splitSystem"), "{told}");
}

#[test]
fn a_limit_that_follows_the_disk_is_left_as_it_was_asked_for() {
    let inside = "<systemUsage><systemUsage><storeUsage><storeUsage limit='100 gb'/></storeUsage>\
                  </systemUsage></systemUsage>";
    let space = DiskSpace {
        total_bytes: 10 << 30,
        available_bytes: 1 << 30,
    };
    let with = |attributes: &str| {
        let mut options = options();
        options.environment = options.environment.with_disk(space);
        load_with(&broker(attributes, inside), &options)
            .unwrap()
            .settings
    };
    assert_eq!(with("").broker.usage.store_limit_bytes, 1 << 30);
    let follows = with("schedulePeriodForDiskUsageCheck='5000' diskUsageCheckRegrowThreshold='7'");
    assert_eq!(follows.broker.usage.store_limit_bytes, 100 << 30);
    let check = follows.disk_check.unwrap();
    assert_eq!((check.period_ms, check.least_growth_bytes), (5000, 7));
    let told = notes("diskUsageCheckRegrowThreshold='7'", inside);
    assert!(
        told.contains("has no effect without schedulePeriod"),
        "{told}"
    );
}
