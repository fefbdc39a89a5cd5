"""No tables: present so that Django tells the roof when migrations have run, after all apps to the left of it."""
