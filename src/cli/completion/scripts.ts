/**
 * The scripts that tie completion to a shell. They hold no names: they ask `p2msim complete LINE`, which prints a word a line,
 * and last `:files`, `:open` or both.
 */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** bash splits words at `=` and `:` as well: what stands before is taken off again. */
const BASH = `# completion of p2msim for bash: eval "$(p2msim completion bash)"
_p2msim_complete() {
  local line="\${COMP_LINE:0:COMP_POINT}" cur="\${COMP_WORDS[COMP_CWORD]}" last before word
  [[ $cur == [=:] ]] && cur=
  last="\${line##*[[:space:]]}"
  before="\${last%"$cur"}"
  COMPREPLY=()
  while IFS= read -r word; do
    case $word in
      :open) compopt -o nospace 2>/dev/null ;;
      :files)
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
        ;;
      *) COMPREPLY+=("\${word#"$before"}") ;;
    esac
  done < <(p2msim complete -- "$line" 2>/dev/null)
}
complete -o nosort -F _p2msim_complete p2msim 2>/dev/null || complete -F _p2msim_complete p2msim
`;

const ZSH = `#compdef p2msim
# completion of p2msim for zsh: eval "$(p2msim completion zsh)" after compinit, or as _p2msim in a folder of $fpath
_p2msim() {
  local -a found
  local word files= open=
  while IFS= read -r word; do
    case $word in
      :files) files=1 ;;
      :open) open=1 ;;
      *) found+=("$word") ;;
    esac
  done < <(p2msim complete -- "\${(j: :)words[1,CURRENT]}" 2>/dev/null)
  if (( $#found )); then
    if [[ -n $open ]]; then compadd -S '' -- $found; else compadd -- $found; fi
  fi
  [[ -n $files ]] && _files
  return 0
}
if [[ $funcstack[1] == _p2msim ]]; then _p2msim "$@"; else compdef _p2msim p2msim; fi
`;

const FISH = `# completion of p2msim for fish: p2msim completion fish | source
function __p2msim_complete
  set -l line (commandline -cp | string collect)
  for word in (p2msim complete -- "$line" 2>/dev/null)
    switch $word
      case :open
      case :files
        __fish_complete_path (commandline -ct)
      case '*'
        echo $word
    end
  end
end
complete -c p2msim -f -a '(__p2msim_complete)'
`;

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
