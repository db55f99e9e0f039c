#compdef ib-supervisor

_ib_supervisor_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _IB_SUPERVISOR_COMPLETE=complete_zsh ib-supervisor)
}

compdef _ib_supervisor_completion ib-supervisor
