"""The groups of the command line beside the commands of `workbench.cli`."""
