#include "cli/completion.hpp"

#include <algorithm>
#include <memory>

#include "cli/command_tree.hpp"
#include "cli/help.hpp"
#include "cli/text.hpp"

namespace strata::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& command) { return command.get_subcommands({}); }

std::vector<const CLI::Option*> named_options_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> words_of(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* next : commands_of(command)) words.push_back(next->get_name());
  for (const CLI::Option* option : named_options_of(command)) {
    for (const std::string& name : names_of(*option)) words.push_back(name);
  }
  return words;
}

/// A flag does not.
bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() != 0; }

const CLI::Option* option_named(const CLI::App& command, const std::string& name) {
  for (const CLI::Option* option : named_options_of(command)) {
    const std::vector<std::string> names = names_of(*option);
    if (std::find(names.begin(), names.end(), name) != names.end()) return option;
  }
  return nullptr;
}

bool takes_collection(const CLI::App& command) {
  const auto positionals = command.get_options([](const CLI::Option* option) { return option->get_positional(); });
  return !positionals.empty() && positionals.front()->get_name(true) == "COLLECTION";
}

/// All commands with the words that lead to each, the root with none.
struct Node {
  const CLI::App* command;
  std::string path;  ///< `index create`
};

void collect(const CLI::App& command, const std::string& path, std::vector<Node>& nodes) {
  nodes.push_back({&command, path});
  for (const CLI::App* next : commands_of(command)) {
    collect(*next, path.empty() ? next->get_name() : path + " " + next->get_name(), nodes);
  }
}

std::vector<Node> nodes_of(const CLI::App& root) {
  std::vector<Node> nodes;
  collect(root, "", nodes);
  return nodes;
}

/// The text as one word of a POSIX shell, and of fish.
std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

/// Options that take a value, so that the value is not mistaken for a command.
std::vector<std::string> names_with_value(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : named_options_of(command)) {
    if (!takes_value(*option)) continue;
    for (const std::string& name : names_of(*option)) names.push_back(name);
  }
  return names;
}

}  // namespace

std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  std::vector<std::string> choices;
  if (type.find('|') == std::string::npos) return choices;
  for (std::size_t begin = 0; begin <= type.size();) {
    const std::size_t end = std::min(type.find('|', begin), type.size());
    const std::string choice = type.substr(begin, end - begin);
    // Words in capitals stand for something else.
    if (std::none_of(choice.begin(), choice.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
      choices.push_back(choice);
    begin = end + 1;
  }
  return choices;
}

std::vector<std::string> next_words(const CLI::App& root, const std::vector<std::string>& words,
                                    const std::string& partial,
                                    const std::function<std::vector<std::string>()>& collections) {
  const CLI::App* command = &root;
  std::size_t positionals = 0;
  const CLI::Option* awaiting = nullptr;
  for (const std::string& word : words) {
    if (awaiting != nullptr) {
      awaiting = nullptr;
    } else if (word.starts_with('-') && word.size() > 1) {
      const CLI::Option* option = option_named(*command, word);
      if (option != nullptr && takes_value(*option)) awaiting = option;
    } else {
      const auto next = commands_of(*command);
      const auto found =
          std::find_if(next.begin(), next.end(), [&](const CLI::App* c) { return c->get_name() == word; });
      if (found != next.end() && positionals == 0) {
        command = *found;
      } else {
        ++positionals;
      }
    }
  }
  std::vector<std::string> candidates;
  if (awaiting != nullptr) {
    candidates = choices_of(*awaiting);
  } else if (positionals == 0 && !partial.starts_with('-') && takes_collection(*command)) {
    candidates = collections();
  } else {
    candidates = words_of(*command);
    if (!partial.starts_with('-'))
      std::erase_if(candidates, [](const std::string& word) { return word.starts_with('-'); });
  }
  std::erase_if(candidates, [&](const std::string& word) { return !word.starts_with(partial); });
  std::sort(candidates.begin(), candidates.end());
  return candidates;
}

std::string bash_completion(const CLI::App& root) {
  std::string cases;
  std::string values;
  for (const Node& node : nodes_of(root)) {
    cases += "    " + shell_word(node.path) + ") words=" + shell_word(join(words_of(*node.command), " ")) + " ;;\n";
    for (const CLI::Option* option : named_options_of(*node.command)) {
      const std::vector<std::string> choices = choices_of(*option);
      for (const std::string& name : choices.empty() ? std::vector<std::string>() : names_of(*option)) {
        values += "    " + shell_word(node.path + " " + name) + ") words=" + shell_word(join(choices, " ")) + " ;;\n";
      }
    }
  }
  std::string commands;
  for (const Node& node : nodes_of(root)) {
    if (!node.path.empty()) commands += (commands.empty() ? "" : "|") + shell_word(node.path);
  }
  const std::string valued = join(names_with_value(root), "|");
  return "# Completion of strata for bash: eval \"$(strata completion bash)\"\n"
         "_strata() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local path= words= candidate i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case ${COMP_WORDS[i]} in\n"
         "    " +
         valued +
         ") ((i++)); continue ;;\n"
         "    -*) continue ;;\n"
         "    esac\n"
         "    candidate=\"${path:+$path }${COMP_WORDS[i]}\"\n"
         "    case $candidate in\n"
         "    " +
         commands +
         ") path=$candidate ;;\n"
         "    *) break ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         cases +
         "  esac\n"
         "  case \"$path $previous\" in\n" +
         values +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -o default -F _strata strata\n";
}

std::string zsh_completion(const CLI::App& root) {
  std::string cases;
  std::string commands;
  for (const Node& node : nodes_of(root)) {
    std::string items;
    const auto item = [&](const std::string& name, const std::string& description) {
      std::string text = name;
      text += ':' + description;
      items += " " + shell_word(text);
    };
    for (const CLI::App* next : commands_of(*node.command)) item(next->get_name(), summary_of(next->get_description()));
    for (const CLI::Option* option : named_options_of(*node.command)) {
      for (const std::string& name : names_of(*option)) item(name, option->get_description());
    }
    cases += "    " + shell_word(node.path) + ") items=(" + items + " ) ;;\n";
    if (!node.path.empty()) commands += (commands.empty() ? "" : "|") + shell_word(node.path);
  }
  return "#compdef strata\n"
         "# Completion of strata for zsh: source <(strata completion zsh)\n"
         "_strata() {\n"
         "  local chain= candidate i\n"
         "  local -a items\n"
         "  for ((i = 2; i < CURRENT; i++)); do\n"
         "    case ${words[i]} in\n"
         "    " +
         join(names_with_value(root), "|") +
         ") ((i++)); continue ;;\n"
         "    -*) continue ;;\n"
         "    esac\n"
         "    candidate=\"${chain:+$chain }${words[i]}\"\n"
         "    case $candidate in\n"
         "    " +
         commands +
         ") chain=$candidate ;;\n"
         "    *) break ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$chain\" in\n" +
         cases +
         "  esac\n"
         "  _describe 'strata' items || _files\n"
         "}\n"
         "compdef _strata strata\n";
}

std::string fish_completion(const CLI::App& root) {
  std::string script = "# Completion of strata for fish: strata completion fish | source\n";
  for (const Node& node : nodes_of(root)) {
    std::string condition = "__fish_use_subcommand";
    if (!node.path.empty()) {
      condition = "__fish_seen_subcommand_from " + node.path;
      if (const std::size_t blank = node.path.find(' '); blank != std::string::npos) {
        condition.replace(condition.rfind(' '), 1, "; and __fish_seen_subcommand_from ");
      }
    }
    const std::string begin = "complete -c strata -n " + shell_word(condition);
    for (const CLI::App* next : commands_of(*node.command)) {
      script += begin + " -f -a " + next->get_name() + " -d " + shell_word(summary_of(next->get_description())) + "\n";
    }
    for (const CLI::Option* option : named_options_of(*node.command)) {
      std::string line = begin;
      for (const std::string& name : option->get_snames()) line += " -s " + name;
      for (const std::string& name : option->get_lnames()) line += " -l " + name;
      const std::vector<std::string> choices = choices_of(*option);
      if (takes_value(*option)) line += choices.empty() ? " -r" : " -x -a " + shell_word(join(choices, " "));
      script += line + " -d " + shell_word(option->get_description()) + "\n";
    }
  }
  return script;
}

void add_completion_command(CommandTree& tree) {
  CLI::App& command =
      tree.add({"completion", "bash|zsh|fish", "Print a script that makes a shell complete strata's words",
                "eval \"$(strata completion bash)\"", "Explore"},
               {nullptr, false, false});
  auto shell = std::make_shared<std::string>();
  command.add_option("SHELL", *shell, "The shell")
      ->required()
      ->check(one_of({"bash", "zsh", "fish"}))
      ->type_name("bash|zsh|fish");
  tree.on_run(command, [&tree, shell](Session& session) {
    const CLI::App& root = tree.root();
    session.out() << (*shell == "bash"  ? bash_completion(root)
                      : *shell == "zsh" ? zsh_completion(root)
                                        : fish_completion(root));
    return exit_done;
  });
}

}  // namespace strata::cli
