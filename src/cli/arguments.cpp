#include "cli/arguments.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "base/utf8.hpp"
#include "capsule.hpp"
#include "cli/settings.hpp"
#include "cli/source_file.hpp"

namespace capsule::cli {
namespace {

constexpr int kUsage = 2;
constexpr std::int64_t kMaxTimeoutMs = 31'536'000'000;

constexpr const char *kFooter =
    "FILEs and CODEs run in the order given, in one session: what one defines, the next can use. A FILE of - is stdin.\n"
    "input() is answered by the --input TEXTs in order, then by the lines of stdin.\n"
    "Ctrl-C cancels what runs; a second one kills it.\n"
    "With --pool nothing is shared, input() finds no line, and what each prints comes at its end, in the order given; Ctrl-C\n"
    "kills all.\n"
    "\n"
    "Exit status: 0 all succeeded, 1 a Python error, 2 usage or interpreter, 3 the worker died, 124 timed out,\n"
    "130 cancelled by Ctrl-C. Of several, the worst: 3, then 124, then 1.";

// CLI11 cannot say by itself that FILE and -c stand for each other.
class RunFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App *app, std::string) const override {
    return app->get_description() + "\nUsage: capsule run [OPTIONS] (FILE | -c CODE)...\n";
  }
  std::string make_description(const CLI::App *) const override { return {}; }
};

std::string failure_message(const CLI::App *, const CLI::Error &error) {
  return std::string("capsule: ") + error.what() + "\nRun `capsule --help` or `capsule run --help` for more information.\n";
}

// The texts as they were given: a vector variable would read `{}` and the like as CLI11's own notation.
CLI::Option *add_texts(CLI::App &app, const std::string &name, const std::string &type, const std::string &description) {
  CLI::Option *option = app.add_option(name, CLI::callback_t([](const CLI::results_t &) { return true; }), description);
  return option->type_name(type)->expected(-1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

Piece file_piece(RunArguments &run, const std::string &path) {
  if (path == "-" && std::exchange(run.stdin_taken, true)) {
    throw UsageError("stdin (-) can be read once only");
  }
  std::string name;
  utf8_replace_invalid(path == "-" ? "<stdin>" : path, name);
  return {name, read_source(path), {}};
}

Piece code_piece(const std::string &code) {
  check_source("the CODE of -c", code);
  return {"", code, {}};
}

// Each is tried, so that what is none is told before anything runs.
template <typename Options>
void check_settings(const std::vector<std::string> &settings) {
  Options options;
  for (const std::string &setting : settings) {
    set_option(options, setting);
  }
}

// In the order of the command line, whether FILE or CODE, each with the settings that came before it.
void collect_pieces(RunArguments &run, const CLI::App &app, const CLI::Option *files, const CLI::Option *codes,
                    const CLI::Option *settings) {
  std::size_t next_file = 0;
  std::size_t next_code = 0;
  std::size_t next_setting = 0;
  std::vector<std::string> set;
  const auto add = [&](Piece piece) {
    piece.settings = set;
    run.pieces.push_back(std::move(piece));
  };
  for (const CLI::Option *option : app.parse_order()) {
    if (option == settings) {
      set.push_back(settings->results().at(next_setting++));
    } else if (option == files) {
      add(file_piece(run, files->results().at(next_file++)));
    } else if (option == codes) {
      add(code_piece(codes->results().at(next_code++)));
    }
  }
  check_settings<ExecutionOptions>(set);
  if (run.pieces.empty()) {
    throw UsageError("nothing to run: give a FILE or -c CODE");
  }
}

void check_inputs(const std::vector<std::string> &inputs) {
  for (const std::string &text : inputs) {
    if (!is_utf8(text)) {
      throw UsageError("the TEXT of --input is not UTF-8");
    }
    if (text.find('\n') != std::string::npos) {
      throw UsageError("the TEXT of --input is one line, without a newline");
    }
  }
}

std::string is_trace_name(const std::string &path) {
  const bool known = path.ends_with(".json") || path.ends_with(".ndjson");
  return known ? std::string() : "the name has to end in .json or .ndjson";
}

// Those of `capsule run` that may be given again and again.
struct Repeated {
  const CLI::Option *inputs;
  const CLI::Option *session;
  const CLI::Option *execution;
};

Repeated add_run_options(CLI::App *command, RunArguments &run) {
  command->formatter(std::make_shared<RunFormatter>());
  command->footer(kFooter);
  command->add_option("--python", run.python, "The interpreter, as a path or a name on the PATH")->type_name("PATH");
  command->add_flag("--json", run.json, "Print one JSON object a line");
  command->add_option("--timeout-ms", run.timeout_ms, "Time that each execution may run; 0 for no limit")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{0}, kMaxTimeoutMs).description(""));
  CLI::Option *pool = command->add_option("--pool", run.pool, "Run each FILE and CODE in a session of its own, N at a time")
                          ->type_name("N")
                          ->check(CLI::Range(1, 1'000).description(""));
  CLI::Option *inputs = add_texts(*command, "--input", "TEXT", "Answer of one input(); may be repeated");
  CLI::Option *session =
      add_texts(*command, "--session", "NAME=VALUE", "An option of the session, as the C header names it; may be repeated");
  CLI::Option *execution =
      add_texts(*command, "--execution", "NAME=VALUE", "An option of what is run behind it: transaction=rollback_always");
  command->add_flag("--info", run.info, "Print at the end what is known of the session");
  command->add_option("--restore", run.restore_path, "Begin with what this checkpoint holds; it is code: trust it")
      ->type_name("FILE");
  command->add_option("--checkpoint", run.checkpoint_path, "Write a checkpoint of the session at the end")->type_name("FILE");
  command
      ->add_option("--trace", run.trace_path,
                   "Write what happened: .json for Chrome's trace viewer and Perfetto, .ndjson for lines")
      ->type_name("FILE")
      ->check(is_trace_name, "");
  command->add_option("--metrics", run.metrics_path, "Write the metrics at the end, as text for Prometheus")->type_name("FILE");
  command->add_option("--postmortem", run.postmortem_path, "Write what is known of the worker's last death, when it died")
      ->type_name("FILE");
  command->add_option("--profile", run.profile_path, "Sample where the code stands, and write collapsed stacks at the end")
      ->type_name("FILE");
  for (CLI::Option *other : {command->get_option("--postmortem"), inputs, session, execution, command->get_option("--json"),
                             command->get_option("--info"), command->get_option("--restore"),
                             command->get_option("--checkpoint"), command->get_option("--profile")}) {
    pool->excludes(other);
  }
  return {inputs, session, execution};
}

struct Views {
  std::string checkpoint;
  std::string postmortem;
  std::string trace;
};

struct ViewCommands {
  const CLI::App *checkpoint;
  const CLI::App *postmortem;
  const CLI::App *trace;
};

// Commands that print what a file says.
ViewCommands add_views(CLI::App &app, Views &files) {
  CLI::App *checkpoints = app.add_subcommand("checkpoint", "Look at checkpoints");
  checkpoints->require_subcommand(1);
  CLI::App *checkpoint = checkpoints->add_subcommand("show", "Print what a checkpoint says of itself; nothing of it is run");
  checkpoint->add_option("FILE", files.checkpoint, "The checkpoint")->required();

  CLI::App *postmortem = app.add_subcommand("postmortem", "Print what is known of a worker that died");
  postmortem->add_option("FILE", files.postmortem, "What `capsule run --postmortem` has written")->required();

  CLI::App *traces = app.add_subcommand("trace", "Look at traces");
  traces->require_subcommand(1);
  CLI::App *trace = traces->add_subcommand("show", "Draw what happened, and when");
  trace->add_option("FILE", files.trace, "What `capsule run --trace` has written")->required()->check(is_trace_name, "");
  return {checkpoint, postmortem, trace};
}

}  // namespace

ParsedArguments parse_arguments(int argc, char **argv) {
  CLI::App app("Runs Python in supervised worker processes.", "capsule");
  app.set_version_flag("--version", std::string("capsule ") + capsule_version(), "Print the version and exit");
  app.require_subcommand(1);
  app.failure_message(failure_message);

  RunArguments run;
  CLI::App *command = app.add_subcommand("run", "Run Python files and snippets in one session");
  const Repeated repeated = add_run_options(command, run);
  const CLI::Option *codes = add_texts(*command, "-c", "CODE", "Run this text; may be repeated");
  const CLI::Option *files = add_texts(*command, "FILE", "", "Run this file; may be repeated")->allow_extra_args(true);

  Views shown;
  const ViewCommands views = add_views(app, shown);
  AuditArguments audited;
  const CLI::App *verify = add_audit_command(app, audited);
  ServeArguments served;
  const CLI::App *serve = add_serve_command(app, served);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return {std::nullopt, std::nullopt, app.exit(error) == 0 ? 0 : kUsage};
  }
  if (views.checkpoint->parsed()) {
    return {std::nullopt, shown.checkpoint, 0};
  }
  if (verify->parsed()) {
    return {std::nullopt, std::nullopt, 0, std::move(audited)};
  }
  if (views.postmortem->parsed()) {
    return {std::nullopt, std::nullopt, 0, std::nullopt, shown.postmortem};
  }
  if (views.trace->parsed()) {
    return {std::nullopt, std::nullopt, 0, std::nullopt, std::nullopt, shown.trace};
  }
  if (serve->parsed()) {
    return {.run = std::nullopt, .shown_checkpoint = std::nullopt, .serve = served};
  }
  run.inputs = repeated.inputs->results();
  check_inputs(run.inputs);
  run.session_settings = repeated.session->results();
  check_settings<SessionOptions>(run.session_settings);
  collect_pieces(run, *command, files, codes, repeated.execution);
  return {std::move(run), std::nullopt, 0};
}

}  // namespace capsule::cli
