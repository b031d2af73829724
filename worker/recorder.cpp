#include "recorder.hpp"

#include "link/control_sender.hpp"

namespace capsule::worker {
namespace {

// Of one message: what the rings hold, where each slot is one event. Only a first guess.
constexpr std::size_t kMostWords = kFlightWords * 448;

}  // namespace

void Recorder::attach(ControlSender &sender, std::int32_t level) {
  own_ = std::make_unique<FlightMemory>();
  own_reader_ = FlightReader(own_.get());
  sender_ = &sender;
  attach(*own_, level);
}

void Recorder::send_batch() {
  const std::lock_guard lock(sending_);
  wire::TraceEvents batch;
  batch.words.reserve(kMostWords);
  const FlightReader::Lost lost = own_reader_.read_words(batch.words);
  batch.dropped = lost.dropped;
  if (!batch.words.empty() || batch.dropped != 0) {
    sender_->post(0, batch);
  }
}

}  // namespace capsule::worker
