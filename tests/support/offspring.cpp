#include "offspring.hpp"

#include <unistd.h>

#include <sstream>

#include "check.hpp"

namespace capsule_test {

const char *const kStartOffspring = R"(
import os, subprocess
_plain = subprocess.Popen(['sleep', '600'])
_deaf = subprocess.Popen(['sh', '-c', 'trap "" HUP TERM INT; sleep 600; true'])
_read, _write = os.pipe()
if os.fork() == 0:
    os.setsid()
    _null = subprocess.DEVNULL
    _escaped = subprocess.Popen(['sleep', '600'], stdin=_null, stdout=_null, stderr=_null)
    os.write(_write, b'%d' % _escaped.pid)
    os._exit(0)
os.close(_write)
os.wait()
print('offspring', _plain.pid, _deaf.pid, int(os.read(_read, 20)), flush=True)
)";

std::vector<Watched> offspring_in(const std::string &output) {
  const std::size_t at = output.find("offspring ");
  if (at == std::string::npos) {
    FAIL("no offspring was told: " + show(output));
  }
  std::istringstream line(output.substr(at + 10));
  std::vector<Watched> all;
  for (pid_t pid = 0; all.size() < 3 && line >> pid;) {
    all.emplace_back(pid);
  }
  CHECK_EQ(all.size(), 3);
  return all;
}

void check_no_zombies() {
  const Deadline deadline;
  std::vector<Process> zombies;
  do {
    zombies.clear();
    for (const Process &process : descendants(getpid())) {
      if (process.state == 'Z') {
        zombies.push_back(process);
      }
    }
    before_the_next_look();  // the zygote reaps when it is told, which tells nobody else
  } while (!zombies.empty() && !deadline.over());
  CHECK_EQ(describe(zombies), "");
}

}  // namespace capsule_test
