use crate::testing::notes;

#[test]
fn parts_that_leave_each_other_without_effect_are_told() {
    let usage =
        |inside: &str| format!("<systemUsage><systemUsage>{inside}</systemUsage></systemUsage>");
    let policies = |entries: &str| {
        format!(
            "<destinationPolicy><policyMap><policyEntries>{entries}</policyEntries></policyMap>\
             </destinationPolicy>"
        )
    };
    for (attributes, inside, expected) in [
        (
            "persistent='false'",
            usage("<storeUsage><storeUsage limit='1 gb'/></storeUsage>"),
            "info: storeUsage: storeUsage has no effect with persistent=\"false\"",
        ),
        (
            "persistent='false'",
            policies("<policyEntry queue='A' storeUsageHighWaterMark='50'/>"),
            "storeUsageHighWaterMark of queue://A has no effect",
        ),
        (
            "schedulePeriodForDestinationPurge='5'",
            policies("<policyEntry queue='A'/>"),
            "schedulePeriodForDestinationPurge has no effect",
        ),
        (
            "",
            usage("<jobSchedulerUsage><jobSchedulerUsage limit='1 gb'/></jobSchedulerUsage>"),
            "jobSchedulerUsage has no effect without schedulerSupport",
        ),
        (
            "",
            policies(
                "<policyEntry queue='A' memoryLimit='400 mb'/>\
                 <policyEntry queue='B' memoryLimit='400 mb'/>\
                 <policyEntry queue='C.>' memoryLimit='400 mb'/>",
            ),
            "the memoryLimits of 2 single destinations are 800 mb together, more than the \
             broker's 716.8 mb",
        ),
    ] {
        let told = notes(attributes, &inside);
        assert!(told.contains(expected), "{inside}: {told}");
    }
}
