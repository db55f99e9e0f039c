"""Eyes behind the port: one file a kind of controller. Each looks, and changes nothing; docs/controllers.md."""
