import { version } from "../../src/version.ts";
import { type Target, targetName } from "../build.ts";

/** An archive of the executable for a target. */
export interface Archive {
  target: Target;
  name: string;
  sha256: string;
}

/** Homebrew's formula: `brew install ./hawser.rb`. `url` is where the release's files are. */
export function writeFormula(archives: Archive[], url: string, repository: string): string {
  const source = (os: Target["os"], arch: Target["arch"]) => {
    const wanted = targetName({ os, arch });
    const archive = archives.find(({ target }) => targetName(target) === wanted);
    if (archive === undefined) return "";
    return `
    on_${arch === "x64" ? "intel" : "arm"} do
      url "${url}/${archive.name}"
      sha256 "${archive.sha256}"
    end`;
  };
  const system = (name: string, os: Target["os"]) => {
    const sources = source(os, "x64") + source(os, "arm64");
    return sources === "" ? "" : `
  on_${name} do${sources}
  end
`;
  };
  return `class Hawser < Formula
  desc "Issue and redeem Skupper link tokens, create JFrog access tokens"
  homepage "${repository}"
  version "${version}"
  license "Apache-2.0"
${system("macos", "darwin")}${system("linux", "linux")}
  def install
    bin.install "hawser"
    man1.install Dir["man/man1/*.1"]
    bash_completion.install "completions/hawser.bash" => "hawser"
    zsh_completion.install "completions/_hawser"
    fish_completion.install "completions/hawser.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/hawser version")
  end
end
`;
}
