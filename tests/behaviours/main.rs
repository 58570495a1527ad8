//! The whole broker over real sockets and in a process of its own: one module per behaviour that
//! users can see.

mod administration;
mod changes_are_written_into_the_file;
mod configuration_errors_name_the_line;
mod connections_have_limits;
mod documented_session;
mod full_queue_refuses_where_configured;
mod malformed_frames_harm_nobody_else;
mod operators_use_jolokia;
mod operators_use_the_command_line;
mod paused_producer_resumes_when_consumer_acks;
mod persistent_messages_survive_restart;
mod scheduled_messages_come_later;
mod sends_and_receives;
mod slow_consumer_does_not_block_fast_one;
mod start_fails_with_one_clear_line;
mod starts_and_stops;
mod tidy;

/// The broker under test: the child process of every other test here.
#[test]
#[ignore = "started by the other tests"]
fn broker_process() {
    floodway_tests::broker_process();
}
