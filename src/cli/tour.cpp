// tour: Strata shown on this machine's own package catalogue.
#include "ingest/tour.hpp"

#include <filesystem>

#include "cli/command_tree.hpp"

namespace strata::cli {

void add_tour_command(CommandTree& tree) {
  CLI::App& command =
      tree.add({"tour", "[DIR]",
                "Show what Strata does on this machine's own package catalogue: some 60,000 records "
                "and their dependencies imported, indexed, queried, searched, written by four processes at "
                "once, and a folder that is taken in and asked about; verified",
                "strata tour ./packages", "Explore"},
               {nullptr, false, false});
  auto options = std::make_shared<ingest::TourOptions>();
  auto directory = std::make_shared<std::string>();
  auto from = std::make_shared<std::string>();
  auto folder = std::make_shared<std::string>();
  command.add_option("DIR", *directory, "Keep the store here, for exploring; else it is removed at the end")
      ->type_name("");
  command.add_option("--from", *from, "A deb822 file (Debian's Packages) in place of this system's apt lists")
      ->type_name("FILE");
  command.add_option("--folder", *folder, "A folder to ingest, in place of one that this system has")->type_name("DIR");
  tree.on_run(command, [options, directory, from, folder](Session& session) {
    options->binary = std::filesystem::read_symlink("/proc/self/exe").string();
    if (!directory->empty()) options->directory = *directory;
    if (!from->empty()) options->from = *from;
    if (!folder->empty()) options->folder = std::filesystem::absolute(*folder).string();
    options->colour = session.display().colour;
    ingest::run_tour(*options, session.out());
    return exit_done;
  });
}

}  // namespace strata::cli
