# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for vireoctl: the command itself knows its verbs and the objects' names.
function __vireoctl_complete
    # The word that is typed comes with its quotes, which may not be closed yet.
    set -l token (commandline -ct | string replace -r '^["\']' '' | string unescape; or true)
    set -q token[1]; or set token ""
    set -l words (commandline -opc) $token
    set -l candidates (vireoctl __complete $words[2..-1] 2>/dev/null)
    if set -q candidates[1]
        printf '%s\n' $candidates
    else
        # What the command has nothing to offer for may be a file.
        __fish_complete_path (commandline -ct)
    end
end
complete -c vireoctl -f -a '(__vireoctl_complete)'
