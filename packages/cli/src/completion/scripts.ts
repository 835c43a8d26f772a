/** Shells that can be taught, each with a script that asks `shoal complete` at each Tab. */
export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * What `shoal complete -- WORDS` answers: a line for each candidate, with a tab and what it is; a line ":files" where names of files
 * may stand, too.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# shoal: completion for bash. In ~/.bashrc:  source <(shoal completion bash)
_shoal() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=("\${COMP_WORDS[@]:1:COMP_CWORD}") line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default -o filenames 2>/dev/null
      mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
    else
      COMPREPLY+=("$(printf '%q' "\${line%%$'\\t'*}")")
    fi
  done < <(shoal complete -- "\${words[@]}" 2>/dev/null)
}
complete -F _shoal shoal
`,
  zsh: `#compdef shoal
# shoal: completion for zsh. In ~/.zshrc, after compinit:  source <(shoal completion zsh)
_shoal() {
  local -a candidates
  local line files=0
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done < <(shoal complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#candidates} )) && _describe shoal candidates
  (( files )) && _files
  return 0
}
compdef _shoal shoal
`,
  fish: `# shoal: completion for fish. In ~/.config/fish/config.fish:  shoal completion fish | source
function __shoal_complete
    set -l words (commandline -opc)[2..-1] (commandline -ct)
    for line in (shoal complete -- $words 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c shoal -f -a '(__shoal_complete)'
`,
  powershell: `# shoal: completion for PowerShell. In $PROFILE:  shoal completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName shoal -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
    if ($wordToComplete -eq '') { $words += '""' }
    shoal complete -- @words 2>$null | ForEach-Object {
        if ($_ -eq ':files') {
            [System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete)
        } else {
            $word, $about = $_ -split [char]9, 2
            if (-not $about) { $about = $word }
            [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
        }
    }
}
`,
};
