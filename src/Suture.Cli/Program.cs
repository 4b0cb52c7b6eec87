using Suture.Cli;

return await Run.Async(CommandTree.Create(), args);
